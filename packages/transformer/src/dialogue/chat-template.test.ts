import { DataError, OptionError } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { describe, expect, test } from "vitest";
import { ignoredLabel } from "../losses.ts";
import { readJson } from "../reference-fixture.ts";
import { type ChatMessage, ChatTemplate, chatMl } from "./chat-template.ts";
import { dialogueTokens } from "./dialogue-tokens.ts";

interface Case {
  readonly template: string;
  readonly dialogue: number;
  readonly addGenerationPrompt: boolean;
  readonly tools: readonly object[] | null;
  readonly text?: string;
  readonly error?: string;
  readonly ids?: readonly number[];
  /** 1 at the assistant's tokens. */
  readonly assistant?: readonly number[];
}

const {
  templates,
  dialogues,
  specialTokens,
  tokenizer: file,
  cases,
} = readJson<{
  templates: Record<string, string>;
  dialogues: ChatMessage[][];
  specialTokens: Record<string, string>;
  tokenizer: object;
  cases: Case[];
}>("chat_templates.json");
const tokenizer = Tokenizer.fromJson(file);
const hello: ChatMessage = { role: "user", content: "Hello" };

describe.each(Object.keys(templates))("%s, as transformers", (name) => {
  const template = new ChatTemplate(templates[name]!, { specialTokens });
  const own = cases.filter((each) => each.template === name);

  test.each(own)(
    "renders dialogue $dialogue, for a reply $addGenerationPrompt, tools $tools",
    ({ dialogue, addGenerationPrompt, ...each }) => {
      const options = { addGenerationPrompt, ...(each.tools && { variables: { tools: each.tools } }) };
      const render = () => template.render(dialogues[dialogue]!, options);
      if (each.error === undefined) expect(render()).toBe(each.text);
      else expect(render).toThrow(`the template takes, got: ${each.error.replace(/\.$/, "")}`);
    },
  );

  test.each(own.filter(({ assistant }) => assistant?.includes(1)))(
    "learns the assistant's tokens of dialogue $dialogue",
    ({ dialogue, tools, ids, assistant }) => {
      const found = dialogueTokens(dialogues[dialogue]!, { template, tokenizer, ...(tools && { variables: { tools } }) });
      expect(found.ids).toEqual(ids);
      expect(found.labels.map((label) => (label === ignoredLabel ? 0 : 1))).toEqual(assistant);
      expect(found.labels.every((label, i) => label === ignoredLabel || label === ids![i])).toBe(true);
    },
  );
});

test("ChatML is the one of the fixture, and other roles may be learned, too", () => {
  const template = new ChatTemplate(chatMl);
  for (const { template: name, dialogue, addGenerationPrompt, text } of cases) {
    if (name === "chatml") expect(template.render(dialogues[dialogue]!, { addGenerationPrompt })).toBe(text);
  }
  const { ids, labels } = dialogueTokens(dialogues[2]!, { template, tokenizer, roles: ["user", "assistant"] });
  const text = tokenizer.decode(
    ids.filter((_, i) => labels[i] !== ignoredLabel),
    { skipSpecialTokens: false },
  );
  expect(text).toContain("¿Qué tal?<|im_end|>");
  expect(text).toContain("“Fine”<|im_end|>");
});

test.each(["Hello", "assistant", "im_start", ""])("the first turn is learned from what it says on, %j", (content) => {
  const messages = [{ role: "assistant", content }, hello];
  const said = (roles: readonly string[]): string => {
    const { ids, labels } = dialogueTokens(messages, { template: new ChatTemplate(chatMl), tokenizer, roles });
    const learned = ids.filter((_, i) => labels[i] !== ignoredLabel);
    return tokenizer.decode(learned, { skipSpecialTokens: false });
  };
  expect(said(["assistant"])).toBe(`${content}<|im_end|>\n`);
  expect(said(["user"])).toBe("Hello<|im_end|>\n");
});

// As in `render_jinja_template` of transformers 5.18.
test("tools and documents that are not given are none", () => {
  const template = new ChatTemplate("{% for x in [tools, documents] %}{{ 'none ' if x is none and x is defined }}{% endfor %}");
  expect(template.render([hello])).toBe("none none ");
  expect(template.render([hello], { variables: { tools: [] } })).toBe("none ");
});

describe("wrong use", () => {
  test("what is no Jinja, no message, or has nothing to learn", () => {
    expect(() => new ChatTemplate("{% for m in messages %}")).toThrow(DataError);
    expect(() => new ChatTemplate("{% for m in messages %}")).toThrow(
      /ChatTemplate: expected a Jinja template, got one that cannot be read/,
    );
    const template = new ChatTemplate(chatMl);
    expect(() => template.render([hello, { role: "user" } as never])).toThrow(OptionError);
    expect(() => template.render([hello, { role: "user" } as never])).toThrow(/got \{"role":"user"\} as number 1/);
    expect(() => dialogueTokens([hello], { template, tokenizer })).toThrow(/expected a turn of assistant to learn, got user/);
  });

  test("a template that forgets what the assistant said before is told, not learned askew", () => {
    const forgetful = new ChatTemplate(
      "{% for m in messages %}{{ m.role }}:{{ m.content if loop.last or m.role == 'user' else '…' }}\n{% endfor %}",
    );
    const messages = [hello, { role: "assistant", content: "Hi" }, hello, { role: "assistant", content: "Yes?" }];
    expect(() => dialogueTokens(messages, { template: forgetful, tokenizer })).toThrow(
      /writes a turn alike whatever follows it.*message 1 ends "user:Hello\\nassistant:Hi\\n" alone/,
    );
  });

  test("a template reaches nothing of the program around it", () => {
    for (const text of [
      "{{ messages.constructor }}",
      "{{ messages.__proto__ }}",
      "{{ globalThis }}",
      "{{ process }}",
      "{{ ''.constructor }}",
    ]) {
      let shown = "";
      try {
        shown = new ChatTemplate(text).render([hello]);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
      expect(shown).not.toMatch(/function|native|Object|process/);
    }
  });
});
