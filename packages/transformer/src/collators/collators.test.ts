import { readFileSync } from "node:fs";
import { OptionError, Rng } from "@dl/core";
import { Tokenizer } from "@dl/data";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fixturePath } from "../reference-fixture.ts";
import { answerTokens, bestAnswer } from "./answer-windows.ts";
import { corruptSpans } from "./corrupt-spans.ts";
import { maskTokens } from "./mask-tokens.ts";
import { packTexts } from "./pack-texts.ts";
import { padLabels, padPairs, padTokens } from "./pad-tokens.ts";

describe("padding", () => {
  test("fills up to the longest, or to a multiple, and marks what is real", () => {
    const texts = [{ ids: [5, 6, 7], typeIds: [0, 0, 1] }, { ids: [8] }];
    const batch = padTokens(texts, { padId: 9 });
    expect([...batch.ids.data]).toEqual([5, 6, 7, 8, 9, 9]);
    expect([...batch.mask.data]).toEqual([1, 1, 1, 1, 0, 0]);
    expect([...batch.segments.data]).toEqual([0, 0, 1, 0, 0, 0]);
    expect(padTokens(texts, { padId: 0, multipleOf: 8 }).ids.shape).toEqual([2, 8]);
    expect(padTokens(texts, { padId: 0, multipleOf: 8, maximum: 5 }).ids.shape).toEqual([2, 5]);
    expect([...padLabels([[1, 2], []]).data]).toEqual([1, 2, -100, -100]);
  });

  test("options out of range are refused", () => {
    expect(() => padTokens([{ ids: [1] }], { padId: 0, multipleOf: 0 })).toThrow(OptionError);
    expect(() => padTokens([{ ids: [1] }], { padId: undefined as never })).toThrow(/expected a padId .* got undefined/);
  });

  test("what a tokenizer filled up already is no token", () => {
    const tokenizer = Tokenizer.fromJson(readFileSync(fixturePath("bert_mlm/tokenizer.json"), "utf8"));
    const [long, short] = tokenizer.encodeBatch(["a b c", "a"]);
    expect(short!.ids).toHaveLength(long!.ids.length);
    const { mask } = padTokens([long!, short!, { ids: [7] }], { padId: 0 });
    expect([...mask.data]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0]);
    const { labels } = padPairs([{ source: long!, target: short! }], { padId: 0, startId: 0 });
    expect([...labels.data]).toEqual([...short!.ids.slice(0, 3), -100, -100]);
  });

  test("no texts, empty ones and too long ones are told", () => {
    expect(() => padTokens([], { padId: 0 })).toThrow(/at least one text/);
    expect(() => padTokens([{ ids: [1] }, { ids: [] }], { padId: 0 })).toThrow(/got 0 in text 1/);
    expect(() => padTokens([{ ids: [1, 2, 3] }], { padId: 0, maximum: 2 })).toThrow(/texts of 1 to 2 tokens, got 3/);
    expect(() => padLabels([[1, 2]], { time: 1 })).toThrow(/at most 1 labels/);
  });

  test("a pair: the target is shifted behind the start token, and its padding counts for nothing", () => {
    const pairs = [
      { source: { ids: [3, 4] }, target: { ids: [5, 6, 1] } },
      { source: { ids: [7] }, target: { ids: [8, 1] } },
    ];
    const { sourceIds, sourceMask, targetIds, labels } = padPairs(pairs, { padId: 0, startId: 2 });
    expect([...sourceIds.data]).toEqual([3, 4, 7, 0]);
    expect([...sourceMask.data]).toEqual([1, 1, 1, 0]);
    expect([...targetIds.data]).toEqual([2, 5, 6, 2, 8, 1]);
    expect([...labels.data]).toEqual([5, 6, 1, 8, 1, -100]);
  });

  test("packing: one after the other, each with its end", () => {
    expect([
      ...packTexts(
        [
          [1, 2, 3],
          [4, 5],
        ],
        { size: 3, endId: 0 },
      ).data,
    ]).toEqual([1, 2, 3, 0, 4, 5]);
    expect(() => packTexts([[1]], { size: 3, endId: 0 })).toThrow(/at least 3 tokens, got 2/);
  });
});

describe("masking", () => {
  const length = 2000;
  const text = {
    ids: Array.from({ length }, (_, i) => 10 + (i % 90)),
    specialTokensMask: Array.from({ length }, (_, i) => (i % 100 === 0 ? 1 : 0)),
    wordIds: Array.from({ length }, (_, i) => (i % 100 === 0 ? null : Math.floor(i / 3))),
  };
  const options = { padId: 0, maskId: 4, vocabulary: 1000 };

  test("15 % are chosen: 80 % of them hidden, 10 % another token, 10 % as they were; special ones never", () => {
    const { ids, labels } = maskTokens([text], { ...options, rng: new Rng(1) });
    const chosen = [...labels.data.keys()].filter((at) => labels.data[at] !== -100);
    // Binomial: three deviations of 1,980 · 0.15 are 48, of 297 · 0.8 are 21.
    expect(Math.abs(chosen.length - 297)).toBeLessThan(48);
    expect(chosen.some((at) => text.specialTokensMask[at] === 1)).toBe(false);
    const share = (fits: (at: number) => boolean): number => chosen.filter(fits).length / chosen.length;
    expect(Math.abs(share((at) => ids.data[at] === 4) - 0.8)).toBeLessThan(0.08);
    expect(Math.abs(share((at) => ids.data[at] === text.ids[at]) - 0.1)).toBeLessThan(0.06);
    for (const [at, id] of ids.data.entries()) if (labels.data[at] === -100) expect(id).toBe(text.ids[at]);
    for (const at of chosen) expect(labels.data[at]).toBe(text.ids[at]);
  });

  test("whole words: all tokens of a word, or none", () => {
    const { labels } = maskTokens([text], { ...options, wholeWords: true, rng: new Rng(2) });
    for (let at = 1; at < length; at++) {
      const same = text.wordIds[at] !== null && text.wordIds[at] === text.wordIds[at - 1];
      if (same) expect(labels.data[at] === -100).toBe(labels.data[at - 1] === -100);
    }
    expect(() => maskTokens([{ ids: [1, 2] }], { ...options, wholeWords: true, rng: new Rng(1) })).toThrow(/expected wordIds/);
  });

  test("a short text has one token chosen; one of special tokens alone has none; equal seeds hide the same", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { labels } = maskTokens([{ ids: [7] }], { ...options, rng: new Rng(seed) });
      expect([...labels.data]).toEqual([7]);
    }
    const special = { ids: [1, 2], specialTokensMask: [1, 1] };
    expect([...maskTokens([special], { ...options, rng: new Rng(1) }).labels.data]).toEqual([-100, -100]);
    expect(maskTokens([text], { ...options, rng: new Rng(3) })).toEqual(maskTokens([text], { ...options, rng: new Rng(3) }));
    expect(() => maskTokens([text], { ...options, share: 1, rng: new Rng(1) })).toThrow(/share between 0 and 1/);
  });
});

test("law: spans put back where their sentinels stand give the text", () => {
  const sentinels = Array.from({ length: 100 }, (_, i) => 1000 + i);
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 200 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.double({ min: 0.05, max: 0.5, noNaN: true }),
      (length, seed, share) => {
        const ids = Array.from({ length }, (_, i) => i + 1);
        const { source, target } = corruptSpans(ids, { sentinels, endId: 999, share, rng: new Rng(seed) });
        expect([source.at(-1), target.at(-1)]).toEqual([999, 999]);
        const spans = new Map<number, number[]>();
        for (const id of target.slice(0, -1)) {
          if (id >= 1000) spans.set(id, []);
          else [...spans.values()].at(-1)!.push(id);
        }
        expect(source.slice(0, -1).flatMap((id) => (id >= 1000 ? spans.get(id)! : [id]))).toEqual(ids);
        expect([...spans.values()].every((span) => span.length > 0)).toBe(true);
        expect([...spans.values()].flat().length).toBe(Math.min(length - 1, Math.max(1, Math.round(length * share))));
      },
    ),
    { numRuns: 60 },
  );
});

describe("questions", () => {
  // [CLS] who [SEP] Ada met Bob [SEP]
  const window = {
    ids: [1, 7, 2, 11, 12, 13, 2],
    typeIds: [0, 0, 0, 1, 1, 1, 1],
    offsets: [
      [0, 0],
      [0, 3],
      [0, 0],
      [0, 3],
      [4, 7],
      [8, 11],
      [0, 0],
    ] as [number, number][],
    sequenceIds: [null, 0, null, 1, 1, 1, null],
  };

  test("the tokens of an answer, or the first of all where it is not whole", () => {
    expect(answerTokens(window, { start: 4, end: 11 })).toEqual({ start: 4, end: 5 });
    expect(answerTokens(window, { start: 0, end: 3 })).toEqual({ start: 3, end: 3 });
    expect(answerTokens(window, { start: 8, end: 20 })).toEqual({ start: 0, end: 0 });
    expect(() => answerTokens(window, { start: 3, end: 3 })).toThrow(/0 ≤ start < end/);
  });

  test("the best span of the text, in order and not too long, unless no answer is better", () => {
    const start = [0, 9, 0, 1, 5, 2, 0];
    const end = [0, 9, 0, 6, 2, 4, 0];
    expect(bestAnswer([{ window, start, end }])).toEqual({ start: 4, end: 11, score: 9 });
    expect(bestAnswer([{ window, start, end }], { maximumTokens: 1 })).toEqual({ start: 0, end: 3, score: 7 });
    expect(bestAnswer([{ window, start: [20, ...start.slice(1)], end }])).toBeUndefined();
  });

  test("an answer in a text that the tokenizer cut into windows is found again by its characters", () => {
    const tokenizer = Tokenizer.fromJson(readFileSync(fixturePath("bert_mlm/tokenizer.json"), "utf8"));
    const text = "the bird saw the cat, and the fox met a dog.";
    const truncation = { maximumLength: 20, stride: 6, strategy: "only-second" } as const;
    const first = tokenizer.encode("who met a dog", { pair: text, truncation });
    const windows = [first, ...first.overflowing];
    expect(windows.length).toBeGreaterThan(2);
    for (const answer of ["bird", "cat", "the fox", "dog"]) {
      const start = text.indexOf(answer);
      const span = { start, end: start + answer.length };
      const places = windows.map((window) => answerTokens(window, span));
      const isIn = places.map((place) => place.start > 0);
      expect(isIn).toContain(true);
      expect(isIn).toContain(false);
      // A model that is sure of the answer where it stands whole, and of nothing elsewhere.
      const logits = windows.map((window, i) => {
        const sureOf = (place: number): number[] => window.ids.map((_, at) => (isIn[i] && at === place ? 5 : 0));
        return { window, start: sureOf(places[i]!.start), end: sureOf(places[i]!.end) };
      });
      expect(bestAnswer(logits)).toEqual({ ...span, score: 10 });
    }
  });
});
