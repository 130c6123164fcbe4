import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  bertTokenizer,
  bertVocabulary,
  brownCorpus,
  gpt2Tokenizer,
  mobyDick,
  multi30k,
  sentimentSentences,
  spamAssassin,
  sst2,
  stateOfTheUnion,
  tinyShakespeare,
  wnut17,
  wnut17Tags,
} from "../src/node/index.ts";

// Fetches what is not at hand: minutes, and tens of megabytes.
describe("built-in texts have the size their makers say", () => {
  test("tiny Shakespeare", async () => {
    const text = await tinyShakespeare();
    expect([text.length, new Set(text).size]).toEqual([1_115_394, 65]);
  });
  test("SST-2", async () => {
    const counts = await Promise.all((["train", "validation", "test"] as const).map(async (split) => (await sst2({ split })).texts.length));
    expect(counts).toEqual([6920, 872, 1821]);
  });
  test("WNUT 2017", async () => {
    const splits = await Promise.all((["train", "validation", "test"] as const).map((split) => wnut17({ split })));
    expect(splits.map(({ length }) => length)).toEqual([3394, 1009, 1287]);
    expect(new Set(splits.flat().flatMap(({ tags }) => tags))).toEqual(new Set(wnut17Tags));
  });
  test("Multi30k", async () => {
    const counts = await Promise.all((["train", "validation", "test"] as const).map(async (split) => (await multi30k({ split })).length));
    expect(counts).toEqual([29_000, 1014, 1000]);
  });
  test("sentiment sentences", async () => {
    const { texts, labels } = await sentimentSentences();
    expect([texts.length, labels.reduce((a, b) => a + b)]).toEqual([3000, 1500]);
  });
  test("SpamAssassin", async () => {
    const { labels } = await spamAssassin();
    expect([labels.length, labels.reduce((a, b) => a + b)]).toEqual([6046, 1896]);
  });
  test("Brown corpus", async () => {
    const sentences = await brownCorpus();
    expect(sentences.length).toBe(57_340);
    expect(sentences.reduce((sum, { tokens }) => sum + tokens.length, 0)).toBe(1_161_192);
  });
  test("Moby-Dick and the State of the Union", async () => {
    const chapters = await mobyDick();
    expect([chapters.length, chapters[0]!.title]).toEqual([135, "Loomings."]);
    expect((await stateOfTheUnion()).startsWith("Fellow-Citizens of the Senate")).toBe(true);
  });
});

describe("known tokenizers give the ids of the libraries they come from", () => {
  const known = (name: string): { text: string; ids: number[] }[] =>
    JSON.parse(readFileSync(new URL(`../fixtures/tokenizers/known/${name}.json`, import.meta.url), "utf8"));

  test("GPT-2's, of tiktoken", async () => {
    const tokenizer = await gpt2Tokenizer();
    expect(tokenizer.vocabularySize).toBe(50_257);
    for (const { text, ids } of known("gpt2")) {
      expect([text, tokenizer.encode(text).ids]).toEqual([text, ids]);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(text);
    }
  });
  test("BERT's, of Hugging Face tokenizers", async () => {
    const [tokenizer, vocabulary] = [await bertTokenizer(), await bertVocabulary()];
    expect([vocabulary.length, vocabulary[0], vocabulary[1996]]).toEqual([30_522, "[PAD]", "the"]);
    for (const { text, ids } of known("bert")) expect([text, tokenizer.encode(text).ids]).toEqual([text, ids]);
  });
});
