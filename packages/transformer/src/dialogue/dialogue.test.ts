import { wasm } from "@dl/backend-wasm";
import { OptionError, openDevice, Rng } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { afterAll, expect, test } from "vitest";
import { generate } from "../generation/generate.ts";
import type { LogitsProcessor } from "../generation/logits-processors.ts";
import { Llama } from "../models/llama.ts";
import { readJson } from "../reference-fixture.ts";
import { type ChatMessage, ChatTemplate, chatMl } from "./chat-template.ts";
import { Dialogue } from "./dialogue.ts";

const tokenizer = Tokenizer.fromJson(readJson<{ tokenizer: object }>("chat_templates.json").tokenizer);
const template = new ChatTemplate(chatMl);
const rng = new Rng(8);
const end = tokenizer.tokenToId("<|im_end|>")!;
const device = await openDevice(wasm({ threads: 1 }));
const model = new Llama({
  ...{ vocabulary: tokenizer.vocabularySize, context: 96, size: 16, layers: 2, heads: 2, hidden: 32, endId: end },
  ...{ deviation: 0.5, rng: rng.fork("model") },
});
afterAll(async () => {
  model[Symbol.dispose]();
  await device[Symbol.asyncDispose]();
});

const idsOf = (messages: readonly ChatMessage[]) =>
  tokenizer.encode(template.render(messages, { addGenerationPrompt: true }), { addSpecialTokens: false }).ids;
const settings = { model, tokenizer, template, device, newTokens: 8 };

test("a reply is what the model writes behind all that was said, and is remembered", async () => {
  const system = { role: "system", content: "Be brief." };
  const dialogue = new Dialogue({ ...settings, messages: [system] });
  const first = await dialogue.say("Hi");
  const [alone] = await generate(model, [idsOf([system, { role: "user", content: "Hi" }])], { device, newTokens: 8 });
  expect(first.ids).toEqual(alone!.ids);
  expect(first.text).toBe(tokenizer.decode(alone!.ids).trim());
  const second = await dialogue.say("And?");
  const told = [system, { role: "user", content: "Hi" }, { role: "assistant", content: first.text }, { role: "user", content: "And?" }];
  const [behind] = await generate(model, [idsOf(told)], { device, newTokens: 8 });
  expect(second.ids).toEqual(behind!.ids);
  expect(dialogue.messages).toEqual([...told, { role: "assistant", content: second.text }]);
});

test("what is shown as it is written is the reply, whole characters at a time; equal seeds say the same, turns differ", async () => {
  const talk = async () => {
    const dialogue = new Dialogue({ ...settings, newTokens: 16, sample: { rng: rng.fork("talk"), temperature: 1.5 } });
    const pieces: string[] = [];
    const first = await dialogue.say("Go on", { onText: (piece) => pieces.push(piece) });
    const second = await new Dialogue({
      ...settings,
      newTokens: 16,
      sample: { rng: rng.fork("talk"), temperature: 1.5 },
      messages: dialogue.messages,
    }).say("Go on");
    return { first, second, shown: pieces.join("") };
  };
  const { first, second, shown } = await talk();
  expect(first.text.startsWith(shown.trim())).toBe(true);
  expect(first.text.length - shown.trim().length).toBeLessThan(4);
  expect(await talk()).toEqual({ first, second, shown });
  expect(second.ids).not.toEqual(first.ids);
});

test("a stop string ends the reply and is neither in it nor shown", async () => {
  const free = await new Dialogue({ ...settings, newTokens: 16 }).say("Go");
  const cut = free.text.slice(3, 5);
  expect(cut.length).toBe(2);
  const pieces: string[] = [];
  const { text, reason } = await new Dialogue({ ...settings, newTokens: 16, stop: [cut] }).say("Go", {
    onText: (piece) => pieces.push(piece),
  });
  expect(reason).toBe("stop");
  expect(text).toBe(free.text.slice(0, free.text.indexOf(cut)).trim());
  expect(pieces.join("").trim()).toBe(text);
});

/** A reply of these tokens, whatever the model says. */
const writing = (...ids: readonly number[]): LogitsProcessor[] => [
  (scores, { written }) => {
    scores.fill(Number.NEGATIVE_INFINITY);
    scores[ids[written]!] = 0;
  },
];

test("what stands behind a stop string in one token is not shown", async () => {
  const long = [...tokenizer.vocabulary].find(([token]) => /^[a-z]{3,}$/.test(token))!;
  const pieces: string[] = [];
  const dialogue = new Dialogue({ ...settings, stop: [long[0][1]!], processors: writing(long[1], end) });
  const { text, reason } = await dialogue.say("Go", { onText: (piece) => pieces.push(piece) });
  expect([text, reason]).toEqual([long[0][0], "stop"]);
  expect(pieces.join("")).toBe(text);
});

test("a reply cut within a character is shown to its end, too", async () => {
  const [a, half] = [tokenizer.encode("a").ids[0]!, tokenizer.encode("é", { addSpecialTokens: false }).ids[0]!];
  const pieces: string[] = [];
  const { text } = await new Dialogue({ ...settings, newTokens: 2, processors: writing(a, half) }).say("Go", {
    onText: (piece) => pieces.push(piece),
  });
  expect(text).toBe("a\ufffd");
  expect(pieces).toEqual(["a", "\ufffd"]);
});

test("a turn begins when the reply to the one before is there", async () => {
  const dialogue = new Dialogue(settings);
  const first = dialogue.say("One");
  await expect(dialogue.say("Two")).rejects.toThrow(OptionError);
  await first;
  await dialogue.say("Two");
  expect(dialogue.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
});

test("a dialogue too long is refused, or read without its oldest turns; what fails was not said", async () => {
  const system = { role: "system", content: "Be brief." };
  const turns = Array.from({ length: 6 }, (_, i) => ({ role: i % 2 ? "assistant" : "user", content: `turn ${i} of the dialogue` }));
  const messages = [system, ...turns];
  const strict = new Dialogue({ ...settings, messages });
  await expect(strict.say("More")).rejects.toThrow(
    /leaves room for 8 new tokens in a context of 96, got one of \d+ tokens\. Set forgetOldest/,
  );
  expect(strict.messages).toEqual(messages);

  const forgetful = new Dialogue({ ...settings, messages, forgetOldest: true });
  const { ids } = await forgetful.say("More");
  const kept = [2, 4, 6]
    .map((first) => [system, ...turns.slice(first), { role: "user", content: "More" }])
    .find((told) => idsOf(told).length + 8 <= 96)!;
  const [alone] = await generate(model, [idsOf(kept)], { device, newTokens: 8 });
  expect(ids).toEqual(alone!.ids);
  expect(forgetful.messages.length).toBe(messages.length + 2);
  const long = forgetful.say("word ".repeat(100));
  await expect(long).rejects.toThrow(OptionError);
  await expect(long).rejects.toThrow(/Say less, or newTokens lower/);

  const aborted = new AbortController();
  const dialogue = new Dialogue(settings);
  await expect(dialogue.say("Hi", { signal: aborted.signal, onText: () => aborted.abort() })).rejects.toThrow();
  expect(dialogue.messages).toEqual([]);
});
