/** A dialogue with a model: what was said, and the next reply to it. */

import { OptionError } from "@dl/core";
import type { Tokenizer } from "@dl/data";
import type { CausalLanguageModel } from "../generation/decoding-session.ts";
import { type Generated, type GenerateOptions, generate, type TextModel } from "../generation/generate.ts";
import { StreamedText } from "../generation/streamed-text.ts";
import type { ChatMessage, ChatTemplate } from "./chat-template.ts";

/** Options of `generate` that are the same for every reply. */
type ReplyOptions = Omit<GenerateOptions, "onToken" | "signal" | "stop" | "beam">;

export interface DialogueOptions extends ReplyOptions {
  model: Extract<TextModel, CausalLanguageModel>;
  tokenizer: Tokenizer;
  template: ChatTemplate;
  /** What was said before, a system's message first where there is one. Default nothing. */
  messages?: readonly ChatMessage[];
  /** Strings that end a reply and are no part of it, beside the end tokens. Default none. */
  stop?: readonly string[];
  /** What the template asks for beside the turns. Default nothing. */
  variables?: Readonly<Record<string, unknown>>;
  /** Leaves the oldest turns out of what the model reads, not of `messages`, where all no longer fit its context. Default false: an error. */
  forgetOldest?: boolean;
}

export interface SayOptions {
  /** Sees the reply as it is written. */
  onText?: (piece: string) => void;
  signal?: AbortSignal;
}

export interface Reply {
  /** Without white space around it, special tokens and stop strings. */
  readonly text: string;
  /** Tokens as they were written. */
  readonly ids: readonly number[];
  /** `length`: cut after `newTokens`. */
  readonly reason: Generated["reason"];
}

/**
 * Each turn reads the whole dialogue anew.
 *
 * @example no-run
 * const dialogue = new Dialogue({ model, tokenizer, template: await loadChatTemplate("smollm"), device, newTokens: 128 });
 * const { text } = await dialogue.say("Who wrote Faust?");
 * await dialogue.say("When?");
 */
export class Dialogue {
  readonly #options: Required<Omit<DialogueOptions, keyof ReplyOptions | "messages">>;
  readonly #settings: ReplyOptions;
  #messages: readonly ChatMessage[];
  #isReplying = false;

  constructor({ model, tokenizer, template, messages = [], stop = [], variables = {}, forgetOldest = false, ...reply }: DialogueOptions) {
    this.#options = { model, tokenizer, template, stop, variables, forgetOldest };
    this.#settings = reply;
    this.#messages = [...messages];
  }

  /** All that was said so far. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /**
   * Says something as the user, and gives the reply. Equal seeds give equal dialogues.
   *
   * @throws OptionError when the dialogue and a reply no longer fit the model's context, or before the last reply is there; whatever
   * `generate` throws. Nothing is said then.
   */
  async say(content: string, options: SayOptions = {}): Promise<Reply> {
    // Both would go on from the same messages, and one of them be lost.
    if (this.#isReplying) throw new OptionError("Dialogue.say: expected the last reply to be there, got a call before it. Await it first.");
    this.#isReplying = true;
    try {
      return await this.#reply(content, options);
    } finally {
      this.#isReplying = false;
    }
  }

  async #reply(content: string, { onText, signal }: SayOptions): Promise<Reply> {
    const { model, tokenizer, stop } = this.#options;
    const { sample } = this.#settings;
    const asked = [...this.#messages, { role: "user", content }];
    const prompt = this.#promptOf(asked);
    const decode = (ids: readonly number[]): string => tokenizer.decode(ids);
    const streamed = new StreamedText(decode, prompt);
    let held = "";
    const shown = (piece: string): void => {
      held += piece;
      // A token may write on behind a stop string.
      const end = firstStop(held, stop);
      const whole = held.slice(0, end < held.length ? end : held.length - startOfStop(held, stop));
      held = held.slice(whole.length);
      if (whole !== "") onText!(whole);
    };
    const [written] = await generate(model, [prompt], {
      ...this.#settings,
      ...(sample && { sample: { ...sample, rng: sample.rng.fork(`turn ${asked.length}`) } }),
      ...(stop.length > 0 && { stop: { strings: stop, decode } }),
      ...(onText && { onToken: ({ id }) => shown(streamed.push(id)) }),
      ...(signal && { signal }),
    });
    const { ids, reason } = written!;
    const whole = decode(ids);
    if (onText && reason !== "stop") {
      held += streamed.end();
      if (held !== "") onText(held);
    }
    const text = whole.slice(0, firstStop(whole, stop)).trim();
    this.#messages = [...asked, { role: "assistant", content: text }];
    return { text, ids, reason };
  }

  /** The tokens that the model reads. */
  #promptOf(messages: readonly ChatMessage[]): readonly number[] {
    const { model, tokenizer, template, variables, forgetOldest } = this.#options;
    const { newTokens } = this.#settings;
    const { context } = model.options;
    const start = messages[0]?.role === "system" ? 1 : 0;
    for (let first = start; ; ) {
      const told = [...messages.slice(0, start), ...messages.slice(first)];
      const text = template.render(told, { addGenerationPrompt: true, variables });
      const { ids } = tokenizer.encode(text, { addSpecialTokens: false, truncation: null, padding: null });
      if (ids.length + newTokens <= context) return ids;
      // A turn of the user's and all that answers it.
      const next = messages.findIndex(({ role }, i) => i > first && role === "user");
      if (!forgetOldest || next < 0) {
        throw new OptionError(
          `Dialogue.say: expected a dialogue that leaves room for ${newTokens} new tokens in a context of ${context}, got one of ${ids.length} tokens. ${forgetOldest ? "Say less" : "Set forgetOldest"}, or newTokens lower.`,
        );
      }
      first = next;
    }
  }
}

/** Where the first of `stop` begins; the end of `text` where there is none. */
function firstStop(text: string, stop: readonly string[]): number {
  return Math.min(text.length, ...stop.map((string) => text.indexOf(string)).filter((at) => at >= 0));
}

/** How much of the end of `text` may be the beginning of what ends the reply. */
function startOfStop(text: string, stop: readonly string[]): number {
  for (let length = Math.min(text.length, Math.max(0, ...stop.map((string) => string.length))); length > 0; length--) {
    if (stop.some((string) => string.startsWith(text.slice(-length)))) return length;
  }
  return 0;
}
