import { readFileSync } from "node:fs";
import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng, UnsupportedError } from "@dl/core";
import { Tokenizer } from "@dl/data";
import { describe, expect, test } from "vitest";
import { Gpt2, nanoGptShakespeare } from "../models/gpt2.ts";
import { T5 } from "../models/t5.ts";
import { generate } from "./generate.ts";
import { Pattern } from "./pattern.ts";
import { patternConstraint } from "./token-constraint.ts";
import { tokenTexts } from "./token-texts.ts";

const read = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../../data/fixtures/tokenizers/${name}/tokenizer.json`, import.meta.url), "utf8"));
const rng = new Rng(8);

/** Byte-level, SentencePiece with bytes, Metaspace, WordPiece. */
const names = ["bpe", "llama3", "llama", "t5", "unigram", "wordpiece", "cased"];

describe.each(names)("the texts of the tokens of %s", (name) => {
  const tokenizer = Tokenizer.fromJson(read(name));
  const inside = tokenTexts(tokenizer);
  const first = tokenTexts(tokenizer, { place: "first" });
  const usable = [...inside.keys()].filter((id) => inside[id] !== "" && !inside[id]!.includes("\ufffd"));
  const drawn = Array.from({ length: 60 }, (_, row) =>
    Array.from(rng.fork(`${name} ${row}`).uniform([6]).data, (share) => usable[Math.floor(share * usable.length)]!),
  );

  test("add up to the text that is decoded behind others", () => {
    const prompt = tokenizer.encode("the cat", { addSpecialTokens: false }).ids;
    const start = tokenizer.decode(prompt);
    for (const ids of drawn) expect(tokenizer.decode([...prompt, ...ids])).toBe(start + ids.map((id) => inside[id]).join(""));
  });

  test("and to the text that is decoded alone, with the first one as it stands first", () => {
    for (const [begin, ...ids] of drawn) {
      if (first[begin!] === "") continue;
      expect(tokenizer.decode([begin!, ...ids])).toBe(first[begin!]! + ids.map((id) => inside[id]).join(""));
    }
  });
});

test("special tokens write nothing; spaces are not lost, nor hyphens kept", () => {
  const llama = Tokenizer.fromJson(read("llama"));
  const texts = tokenTexts(llama);
  expect(texts[llama.tokenToId("</s>")!]).toBe("");
  const word = [...llama.vocabulary].find(([token]) => /^▁[a-z]{2,}$/.test(token))!;
  expect(texts[word[1]]).toBe(word[0].replace("▁", " "));
  expect(llama.decode([word[1]])).toBe(word[0].slice(1));
  const cased = Tokenizer.fromJson(read("cased"));
  const end = [...cased.vocabulary].find(([token]) => /^##[a-z]+$/.test(token))!;
  expect(tokenTexts(cased)[end[1]]).toBe(end[0].slice(2));
});

test("tokens whose text depends on what follows are refused", () => {
  const json = { ...read("bpe"), decoder: { type: "BPEDecoder", suffix: "e" } };
  expect(() => tokenTexts(Tokenizer.fromJson(json))).toThrow(UnsupportedError);
});

describe("a text held to a pattern is decoded to one that fits", () => {
  const pattern = new Pattern(" ?[a-z]{2,3}( [a-z]{1,4}){2}");

  test.each(["bpe", "llama", "cased"])("behind a prompt, with %s", async (name) => {
    const tokenizer = Tokenizer.fromJson(read(name));
    await using device = await openDevice(cpu());
    using model = new Gpt2({ ...nanoGptShakespeare, vocabulary: tokenizer.vocabularySize, size: 16, layers: 1, deviation: 0.3, rng });
    const constraint = patternConstraint(pattern, { tokens: tokenTexts(tokenizer) });
    const prompt = tokenizer.encode("the cat", { addSpecialTokens: false }).ids;
    const texts = await generate(model, [prompt, prompt, prompt], { device, newTokens: 24, constraint, sample: { rng: new Rng(2) } });
    for (const { ids } of texts) {
      const written = tokenizer.decode([...prompt, ...ids]).slice(tokenizer.decode(prompt).length);
      expect(pattern.matches(written), written).toBe(true);
    }
  });

  test("as an answer, with the tokenizer of T5", async () => {
    const tokenizer = Tokenizer.fromJson(read("t5"));
    const vocabulary = tokenizer.vocabularySize;
    await using device = await openDevice(cpu());
    using model = new T5({ vocabulary, size: 16, layers: 1, heads: 2, headSize: 8, hidden: 16, endId: 1, deviation: 4, rng });
    const answer = new Pattern("[a-z]{2,3}( [a-z]{1,4}){2}");
    const constraint = patternConstraint(answer, {
      tokens: tokenTexts(tokenizer),
      firstTokens: tokenTexts(tokenizer, { place: "first" }),
    });
    const texts = await generate(model, [[5, 6], [7]], { device, newTokens: 24, constraint, sample: { rng: new Rng(3) } });
    for (const { ids } of texts) expect(answer.matches(tokenizer.decode(ids)), tokenizer.decode(ids)).toBe(true);
  });
});
