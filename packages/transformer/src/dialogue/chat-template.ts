/** Turns of a dialogue as the one text a model learned them in: the Jinja template of its tokenizer. huggingface.co/docs/transformers, "Chat templates". */

import { DataError, OptionError } from "@dl/core";
import { Template } from "@huggingface/jinja";

/** One turn. Templates may read further fields, such as `tool_calls`. */
export interface ChatMessage {
  /** Such as `system`, `user` or `assistant`: those that the template knows. */
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

export interface ChatTemplateOptions {
  /** Tokens that the template names, such as `{ bos_token: "<s>", eos_token: "</s>" }`. Default none. */
  specialTokens?: Readonly<Record<string, string>>;
}

export interface ChatRenderOptions {
  /** Ends with what begins the assistant's turn, for a model that is to reply. Default false. */
  addGenerationPrompt?: boolean;
  /** What the template asks for beside the turns, such as `tools` or `enable_thinking`. Default nothing; `tools` and `documents` are none. */
  variables?: Readonly<Record<string, unknown>>;
}

/** ChatML, for models that learn to talk here: `<|im_start|>role`, a line's end, the turn, `<|im_end|>` and a line's end. OpenAI 2023. */
export const chatMl: string =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/**
 * A template of a model's folder: `loadChatTemplate` of @dl/transformer/node reads it.
 *
 * A template is a program: it reaches nothing but what it is given, and may yet run for long. Render only those of models you trust.
 *
 * @throws DataError for a text that is no Jinja.
 * @example
 * const template = new ChatTemplate(chatMl);
 * template.render([{ role: "user", content: "Hello" }], { addGenerationPrompt: true });
 * // "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
 */
export class ChatTemplate {
  /** The template itself. */
  readonly text: string;
  readonly specialTokens: Readonly<Record<string, string>>;
  readonly #template: Template;

  constructor(text: string, { specialTokens = {} }: ChatTemplateOptions = {}) {
    try {
      this.#template = new Template(text);
    } catch (error) {
      throw new DataError(`ChatTemplate: expected a Jinja template, got one that cannot be read: ${messageOf(error)}.`, { cause: error });
    }
    this.text = text;
    this.specialTokens = { ...specialTokens };
  }

  /**
   * The dialogue as one text, special tokens included: encode it with `addSpecialTokens: false`.
   *
   * @throws OptionError for turns without role or content; DataError for what the template refuses, such as two turns of the user's in a row.
   */
  render(messages: readonly ChatMessage[], { addGenerationPrompt = false, variables = {} }: ChatRenderOptions = {}): string {
    for (const [i, message] of messages.entries()) {
      if (typeof message?.role !== "string" || typeof message.content !== "string") {
        throw new OptionError(
          `ChatTemplate.render: expected messages { role, content } of strings, got ${JSON.stringify(message)} as number ${i}.`,
        );
      }
    }
    try {
      // Where there are none, transformers gives these as none, and templates ask whether they are.
      const absent = { tools: null, documents: null };
      return this.#template.render({
        ...absent,
        ...this.specialTokens,
        ...variables,
        messages,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (error) {
      throw new DataError(`ChatTemplate.render: expected a dialogue that the template takes, got: ${messageOf(error)}.`, { cause: error });
    }
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
