import { fromNested, hostTensor } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rankings } from "../../fixtures/ranking.ts";
import type { Metric } from "../metric.ts";
import { Dcg } from "./dcg.ts";
import { HitRateAtK } from "./hit-rate-at-k.ts";
import { RetrievalMeanAveragePrecision } from "./mean-average-precision.ts";
import { MeanReciprocalRank } from "./mean-reciprocal-rank.ts";
import { Ndcg } from "./ndcg.ts";
import { PrecisionAtK } from "./precision-at-k.ts";
import type { RankingInputs } from "./ranking-inputs.ts";
import { RecallAtK } from "./recall-at-k.ts";

type Any = Metric<RankingInputs, number, unknown>;
const of = (metric: Any, inputs: RankingInputs): number => {
  metric.update(inputs);
  return metric.result();
};
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
const matrix = (rows: readonly (readonly number[])[]) => hostTensor(Float64Array.from(rows.flat()), [rows.length, rows[0]!.length]);

describe.each(rankings)("scikit-learn", (fixture) => {
  const graded = { relevance: matrix(fixture.relevance), scores: matrix(fixture.scores) };
  const binary = { relevance: matrix(fixture.binary), scores: matrix(fixture.scores) };
  test("NDCG, whole, at k, and query by query", () => {
    expect(of(new Ndcg(), graded)).toBeCloseTo(fixture.ndcg, 12);
    expect(of(new Dcg(), graded)).toBeCloseTo(fixture.dcg, 12);
    for (const [k, expected] of Object.entries(fixture.ndcg_at)) expect(of(new Ndcg({ k: Number(k) }), graded)).toBeCloseTo(expected, 12);
    fixture.ndcg_per_query.forEach((expected, q) => {
      expect(of(new Ndcg(), { relevance: fixture.relevance[q]!, scores: fixture.scores[q]! })).toBeCloseTo(expected, 12);
    });
  });

  test("MAP, MRR, precision and recall at 3", () => {
    expect(of(new RetrievalMeanAveragePrecision(), binary)).toBeCloseTo(fixture.map, 12);
    expect(of(new MeanReciprocalRank(), binary)).toBeCloseTo(fixture.mrr, 12);
    expect(of(new PrecisionAtK({ k: 3 }), binary)).toBeCloseTo(mean(fixture.precision_at_3), 12);
    expect(of(new RecallAtK({ k: 3 }), binary)).toBeCloseTo(mean(fixture.recall_at_3), 12);
  });
});

test("by hand: the relevant item comes second of three", () => {
  const inputs = { relevance: [1, 0, 0], scores: [0.5, 0.9, 0.1] };
  expect(of(new MeanReciprocalRank(), inputs)).toBe(1 / 2);
  expect(of(new MeanReciprocalRank({ k: 1 }), inputs)).toBe(0);
  expect(of(new HitRateAtK({ k: 1 }), inputs)).toBe(0);
  expect(of(new HitRateAtK({ k: 2 }), inputs)).toBe(1);
  expect(of(new Ndcg(), inputs)).toBeCloseTo(1 / Math.log2(3), 14);
  expect(of(new Dcg({ k: 1 }), inputs)).toBe(0);
  expect(of(new Dcg({ gain: "exponential" }), { relevance: [2, 0], scores: [0, 1] })).toBeCloseTo(3 / Math.log2(3), 14);
  expect(of(new Ndcg({ gain: "exponential" }), { relevance: [2, 0], scores: [0, 1] })).toBeCloseTo(1 / Math.log2(3), 14);
  expect(of(new RetrievalMeanAveragePrecision(), inputs)).toBe(1 / 2);
});

test("tied items share their places", () => {
  // scikit-learn: ndcg_score([[1, 0]], [[1, 1]]) = (1 + 1/log2(3)) / 2.
  expect(of(new Ndcg(), { relevance: [1, 0], scores: [1, 1] })).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 14);
});

const item = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1000 }));
const query = fc.uniqueArray(item, { minLength: 1, maxLength: 10, selector: ([, score]) => score });
const inputsOf = (items: readonly (readonly [number, number])[]): RankingInputs => ({
  relevance: items.map(([relevance]) => relevance),
  scores: items.map(([, score]) => score),
});
const all: readonly (readonly [string, () => Any])[] = [
  ["Ndcg", () => new Ndcg({ k: 4 })],
  ["RetrievalMeanAveragePrecision", () => new RetrievalMeanAveragePrecision()],
  ["MeanReciprocalRank", () => new MeanReciprocalRank()],
  ["PrecisionAtK", () => new PrecisionAtK({ k: 2 })],
  ["RecallAtK", () => new RecallAtK({ k: 2 })],
  ["HitRateAtK", () => new HitRateAtK({ k: 2 })],
];

test.each(all)("%s: from 0 to 1, in any order of items, of any rising function of scores; queries add up", (_, make) => {
  fc.assert(
    fc.property(query, query, (first, second) => {
      const [one, other] = [of(make(), inputsOf(first)), of(make(), inputsOf(second))];
      expect(one).toBeGreaterThanOrEqual(0);
      expect(one).toBeLessThanOrEqual(1 + 1e-12);
      expect(of(make(), inputsOf(first.toReversed()))).toBeCloseTo(one, 12);
      expect(of(make(), inputsOf(first.map(([relevance, score]) => [relevance, 5 * score - 7])))).toBeCloseTo(one, 12);
      const [a, b, resumed] = [make(), make(), make()];
      a.update(inputsOf(first));
      b.update(inputsOf(second));
      a.merge(b as never);
      expect(a.result()).toBeCloseTo((one + other) / 2, 12);
      resumed.restore(JSON.parse(JSON.stringify(a.state())));
      expect(resumed.result()).toBe(a.result());
    }),
    { numRuns: 50 },
  );
});

test("padding is no item", () => {
  const padded = {
    relevance: fromNested([
      [1, 0, 0],
      [0, 1, 5],
    ]),
    scores: fromNested([
      [1, 2, 0],
      [1, 2, 9],
    ]),
    mask: fromNested([
      [1, 1, 0],
      [1, 1, 0],
    ]),
  };
  expect(of(new Ndcg(), padded)).toBeCloseTo((1 / Math.log2(3) + 1) / 2, 12);
});

test("what does not fit is an error", () => {
  expect(() => new Ndcg({ k: 0 })).toThrow("Ndcg: expected a whole k of at least 1, got 0");
  expect(() => new Ndcg({ gain: "log" as "linear" })).toThrow("expected gain linear or exponential, got log");
  const ndcg = new Ndcg();
  expect(() => ndcg.update({ relevance: [-1], scores: [1] })).toThrow("expected relevance of at least 0, got -1 at 0");
  expect(() => ndcg.update({ relevance: [1], scores: [Number.NaN] })).toThrow("got NaN at 0");
  expect(() => ndcg.update({ relevance: [], scores: [] })).toThrow("at least one example");
  expect(() => ndcg.update({ relevance: [1], scores: [1], mask: [0] })).toThrow("expected an item in every query, got none in query 0");
  expect(() => ndcg.result()).toThrow("Ndcg.result: expected at least one update");
  expect(() => new Ndcg({ k: 1 }).merge(new Ndcg())).toThrow("expected equal options, got k 1, gain linear and k all, gain linear");
  expect(() => new Dcg({ gain: "exponential" }).merge(new Dcg())).toThrow("got k all, gain exponential and k all, gain linear");
});
