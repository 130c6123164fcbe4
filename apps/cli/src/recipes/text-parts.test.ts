import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { batches, trainWordPiece } from "@dl/data";
import { RunFolder } from "@dl/train/node";
import { afterAll, describe, expect, test, vi } from "vitest";
import { hideTokens } from "./hide-tokens.ts";
import { hidePlaces, packWindows, windowsDataset } from "./masked-windows.ts";
import { tokenId } from "./model-recipe.ts";
import { byLength, paddedTexts, textExample } from "./padded-texts.ts";
import { PartResults } from "./part-results.ts";
import { partOfSpeech, partsOfSpeech } from "./parts-of-speech.ts";
import { captionOf, drawScene, sceneAt, sceneCount } from "./shape-scenes.ts";
import { endedIds, pairBatches, pairExample, trainPairTokenizer } from "./translate.ts";
import { wordEncoder } from "./word-tokens.ts";

const scratch = mkdtempSync(join(tmpdir(), "dl-text-parts-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const texts = ["the cat sat on the mat", "a dog ran after the cat", "the mat was red"];
const tokenizer = trainWordPiece(texts, { vocabularySize: 60 });
const [pad, cls, sep, mask] = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"].map((token) => tokenId(tokenizer, token)) as [
  number,
  number,
  number,
  number,
];

describe("texts of different lengths", () => {
  const examples = texts.map((text, i) => textExample(tokenizer.encode(text), i));

  test("are filled up together; the mask tells what is real", () => {
    const { dataset, collate } = paddedTexts(examples, { padId: pad });
    const batch = batches(dataset, { batchSize: 3, collate }).at(0);
    const [rows, time] = batch.ids.shape as [number, number];
    expect([rows, time % 4]).toEqual([3, 0]);
    for (let i = 0; i < rows * time; i++) expect(batch.ids.data[i] === pad).toBe(batch.mask.data[i] === 0);
    expect([...batch.labels.data]).toEqual([0, 1, 2]);
    expect(() => paddedTexts([], { padId: pad })).toThrow(/at least one text/);
  });

  test("a label a token is filled up with the one that counts for nothing; too few are refused", () => {
    const rows = [textExample({ ids: [cls, sep] }, [1, 2]), textExample({ ids: [cls, 5, sep] }, [1, 2, 3])];
    const { dataset, collate } = paddedTexts(rows, { padId: pad });
    expect([...batches(dataset, { batchSize: 2, collate }).at(0).labels.data]).toEqual([1, 2, -100, -100, 1, 2, 3, -100]);
    expect(() => textExample({ ids: [1, 2] }, [0])).toThrow(/a label for each of 2 tokens, got 1/);
    expect(byLength([rows[1]!, rows[0]!]).map(({ ids }) => ids.data.length)).toEqual([2, 3]);
  });

  test("hiding leaves the ends alone, hides about its share, and others in another pass", () => {
    const rows = Array.from({ length: 200 }, () => textExample(tokenizer.encode(texts[0]!), 0));
    const { dataset, collate } = paddedTexts(rows, { padId: pad });
    const hidden = (seed: number) =>
      batches(dataset, { batchSize: 200, collate, transform: hideTokens(tokenizer, { share: 0.3 }), rng: new Rng(seed) }).at(0).ids;
    const { data, shape } = hidden(1);
    const plain = batches(dataset, { batchSize: 200, collate }).at(0).ids.data;
    const changed = [...data].filter((id, i) => id !== plain[i]);
    expect(changed.every((id) => id === mask)).toBe(true);
    for (let row = 0; row < 200; row++) expect(data[row * shape[1]!]).toBe(cls);
    const words = [...plain].filter((id) => ![pad, cls, sep].includes(id)).length;
    expect(changed.length / words).toBeCloseTo(0.3, 1);
    expect([...hidden(2).data]).not.toEqual([...data]);
  });
});

describe("windows with hidden places", () => {
  const windows = packWindows(texts, { tokenizer, size: 10 });

  test("hold all tokens one after the other, between their ends", () => {
    for (const window of windows) expect([window.length, window[0], window[9]]).toEqual([10, cls, sep]);
    const inner = windows.flatMap((window) => [...window.subarray(1, 9)]);
    const all = texts.flatMap((text) => [...tokenizer.encode(text, { addSpecialTokens: false }).ids, sep]);
    expect(inner).toEqual(all.slice(0, inner.length));
    expect(all.length - inner.length).toBeLessThan(8);
  });

  test("what is hidden is what stood there; the rest is as it was; the same stream hides the same", () => {
    const special = new Set([pad, cls, sep]);
    const options = { maskId: mask, vocabulary: tokenizer.vocabularySize, special };
    const dataset = windowsDataset(windows, { hidden: 2 });
    const transform = hidePlaces({ ...options, stream: (index) => new Rng(7).fork(`${index}`) });
    const read = () => batches(dataset, { batchSize: dataset.length, transform }).at(0);
    const { ids, places, targets } = read();
    for (const [row, window] of windows.entries()) {
      const chosen = [...places.data.slice(row * 2, row * 2 + 2)];
      expect(new Set(chosen).size).toBe(2);
      expect(chosen.map((place) => window[place])).toEqual([...targets.data.slice(row * 2, row * 2 + 2)]);
      for (const [place, id] of window.entries()) if (!chosen.includes(place)) expect(ids.data[row * 10 + place]).toBe(id);
      expect(chosen.some((place) => special.has(window[place]!))).toBe(false);
    }
    expect([...read().ids.data]).toEqual([...ids.data]);
  });
});

test("sentences of words: each word's first token, and none for words beyond the context", () => {
  const encode = wordEncoder(tokenizer, { context: 8 });
  const { ids, starts } = encode(["the", "cat", "\u200b", "sat"]);
  expect(ids[0]).toBe(cls);
  expect(ids.at(-1)).toBe(sep);
  expect(starts.map((at) => tokenizer.idToToken(ids[at]!))).toEqual(
    ["the", "cat", "[UNK]", "s"].map((token) => expect.stringMatching(`^${token.replace(/[[\]]/g, "\\$&")}`)),
  );
  const long = encode(new Array<string>(30).fill("the"));
  expect(long.ids).toHaveLength(8);
  expect(long.starts).toHaveLength(6);
});

test("parts of speech of Brown's tags", () => {
  const of = (tag: string): string => partsOfSpeech[partOfSpeech(tag)]!;
  expect(
    ["nn", "np$", "vbd", "hvz", "md", "at", "ap", "jj", "rb", "in", "cc", "ppss", "cd", ".", "``", "fw-nn", "NN-TL", "wdt", "uh"].map(of),
  ).toEqual([
    ...["noun", "noun", "verb", "verb", "verb", "determiner", "determiner", "adjective", "adverb", "preposition", "conjunction"],
    ...["pronoun", "number", "punctuation", "punctuation", "noun", "noun", "determiner", "other"],
  ]);
});

test("a shape's picture shows its sentence: the colour stands in its half, and another drawing differs", () => {
  const index = Array.from({ length: sceneCount }, (_, i) => i).find(
    (i) => captionOf(sceneAt(i)) === "a large red square left of a large blue square",
  )!;
  const scene = sceneAt(index);
  const side = 32;
  const { data } = drawScene(scene, { side, rng: new Rng(1) });
  const columnsOf = (channel: number, others: readonly number[]) =>
    Array.from({ length: side * side }, (_, at) => at).flatMap((at) =>
      data[3 * at + channel]! > 0.7 && others.every((c) => data[3 * at + c]! < 0.4) ? [at % side] : [],
    );
  const [red, blue] = [columnsOf(0, [1, 2]), columnsOf(2, [0, 1])];
  expect(Math.min(red.length, blue.length)).toBeGreaterThan(60);
  expect(Math.max(...red)).toBeLessThan(Math.min(...blue));
  expect([...drawScene(scene, { side, rng: new Rng(2) }).data]).not.toEqual([...data]);
  expect(new Set(Array.from({ length: sceneCount }, (_, i) => captionOf(sceneAt(i)))).size).toBe(sceneCount);
});

test("pairs: the decoder sees the target one place later, and the end is to be written", () => {
  const pairs = [
    { source: "a cat", target: "eine Katze" },
    { source: "a big dog", target: "ein großer Hund" },
  ];
  const both = trainPairTokenizer(pairs, { vocabularySize: 300 });
  const end = both.tokenToId("</s>")!;
  const examples = pairs.map((pair) => pairExample(pair, { tokenizer: both, context: 20 }));
  for (const [i, { labels, targetIds }] of examples.entries()) {
    expect([...targetIds.data].slice(1)).toEqual([...labels.data].slice(0, -1));
    expect([targetIds.data[0], labels.data.at(-1)]).toEqual([both.tokenToId("<pad>"), end]);
    expect(both.decode([...labels.data]).trim()).toBe(pairs[i]!.target);
  }
  expect(endedIds(both, "a very very long text", { context: 4 })).toHaveLength(4);
  const { dataset, collate } = pairBatches(examples, both);
  const { labels, sourceMask } = batches(dataset, { batchSize: 2, collate }).at(0);
  expect(labels.data.includes(-100)).toBe(true);
  expect(sourceMask.dtype).toBe("bool");
});

test("a part that is done is not done again, in this run or a later one", async () => {
  using _ = vi.spyOn(console, "error").mockReturnValue();
  let count = 0;
  const work = async () => ({ accuracy: ++count });
  {
    await using folder = await RunFolder.open(join(scratch, "parts"));
    await folder.write("run.json", "{}");
    const parts = await PartResults.open(folder);
    expect(await parts.part("a", work)).toEqual({ accuracy: 1 });
    expect(await parts.part("a", work)).toEqual({ accuracy: 1 });
  }
  await using folder = await RunFolder.open(join(scratch, "parts"), { resume: true });
  const parts = await PartResults.open(folder);
  expect(await parts.part("a", work)).toEqual({ accuracy: 1 });
  expect(await parts.part("b", work)).toEqual({ accuracy: 2 });
  expect(parts.seconds).toBeGreaterThanOrEqual(0);
});
