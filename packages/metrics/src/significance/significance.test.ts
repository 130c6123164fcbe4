import { Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { bootstrapInterval } from "./bootstrap.ts";
import { mcNemar } from "./mcnemar.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { pairedBootstrap } from "./paired-bootstrap.ts";

const meanOf = (values: ArrayLike<number>) => (rows: Int32Array) => rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length;

test("the normal distribution at values from tables", () => {
  // scipy.stats.norm.cdf
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [-5, 2.866515718791939e-7],
    [-3, 0.0013498980316300933],
  ] as const) {
    expect(Math.abs(normalCdf(z) / p - 1)).toBeLessThan(1e-12);
  }
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
});

describe("bootstrap", () => {
  test("the interval of a mean is the textbook's, mean ± 1.96 standard errors", () => {
    const values = Array.from(new Rng(1).normal([200], 5, 2).data);
    for (const method of ["percentile", "bca"] as const) {
      const { estimate, low, high, standardError } = bootstrapInterval(200, meanOf(values), { rng: new Rng(2), resamples: 2000, method });
      const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - estimate) ** 2, 0) / 200);
      // 2,000 resamples know a standard error to some 2 %, its quantiles to some 5 %.
      expect(Math.abs(standardError / (deviation / Math.sqrt(200)) - 1)).toBeLessThan(0.06);
      expect(Math.abs((high - low) / (2 * 1.96 * standardError) - 1)).toBeLessThan(0.1);
      expect(low).toBeLessThan(estimate);
      expect(high).toBeGreaterThan(estimate);
    }
  });

  test("95 % intervals hold the truth about 95 times in 100", () => {
    let held = 0;
    for (let trial = 0; trial < 100; trial++) {
      const values = new Rng(trial).normal([60], 0, 1).data;
      const { low, high } = bootstrapInterval(60, meanOf(values), { rng: new Rng(1000 + trial), resamples: 200 });
      if (low <= 0 && high >= 0) held++;
    }
    // Binomial(100, 0.94): 88 to 99 in all but a few cases of ten thousand.
    expect(held).toBeGreaterThanOrEqual(86);
    expect(held).toBeLessThanOrEqual(100);
  });

  test("equal seeds give equal intervals", () => {
    const run = () => bootstrapInterval(5, meanOf([1, 2, 3, 4, 5]), { rng: new Rng(7) });
    expect(run()).toEqual(run());
  });
});

describe("McNemar", () => {
  const predictions = (right: string): number[] => [...right].map(Number);
  test("exact, by hand: 1 of 6 differences, 2 · (1 + 6) ÷ 2⁶", () => {
    const labels = [1, 1, 1, 1, 1, 1, 1];
    const result = mcNemar({ labels, first: predictions("1111101"), second: predictions("0000011") });
    expect(result).toEqual({ onlyFirstRight: 5, onlySecondRight: 1, statistic: 1, pValue: (2 * 7) / 64, method: "exact" });
  });

  test("corrected, by hand: (|b − c| − 1)² ÷ (b + c)", () => {
    const labels = new Int32Array(40).fill(1);
    const first = labels.map((_, i) => Number(i < 30));
    const second = labels.map((_, i) => Number(i >= 30));
    const { statistic, pValue, method } = mcNemar({ labels, first, second });
    expect(method).toBe("corrected");
    expect(statistic).toBeCloseTo(19 ** 2 / 40, 12);
    expect(pValue).toBeCloseTo(0.0026634, 6); // scipy.stats.chi2.sf(9.025, 1)
  });

  test("equal classifiers do not differ", () => {
    expect(mcNemar({ labels: [0, 1], first: [0, 0], second: [0, 0] }).pValue).toBe(1);
    expect(mcNemar({ labels: [0, 1], first: [0, 0], second: [0, 0] }, { method: "corrected" }).pValue).toBeCloseTo(1, 12);
  });
});

describe("paired bootstrap", () => {
  test("sees a small difference that separate intervals would not, and none where there is none", () => {
    const hard = new Rng(1).normal([100], 0, 5).data;
    const better = hard.map((x, i) => x + 0.3 + 0.1 * (i % 3));
    const result = pairedBootstrap(100, (rows) => [meanOf(better)(rows), meanOf(hard)(rows)], { rng: new Rng(2) });
    expect(result.firstWins).toBe(1);
    expect(result.pValue).toBeLessThan(0.01);
    expect(result.low).toBeGreaterThan(0);
    const noise = new Rng(3).normal([2, 100]).data;
    const none = pairedBootstrap(
      100,
      (rows) => [meanOf(noise.subarray(0, 100) as Float32Array)(rows), meanOf(noise.subarray(100) as Float32Array)(rows)],
      { rng: new Rng(4) },
    );
    expect(none.pValue).toBeGreaterThan(0.05);
  });
});

test("what does not fit is an error", () => {
  const rng = new Rng(1);
  expect(() => bootstrapInterval(1, () => 1, { rng })).toThrow("expected at least 2 examples, got 1");
  expect(() => bootstrapInterval(3, () => Number.NaN, { rng })).toThrow("expected a finite score of every resample, got NaN");
  expect(() => bootstrapInterval(3, () => 1, { rng, confidence: 1 })).toThrow("expected a confidence between 0 and 1, got 1");
  expect(() => pairedBootstrap(3, () => [1, 1], { rng, resamples: 1 })).toThrow("expected at least 10 resamples, got 1");
  expect(() => mcNemar({ labels: [1], first: [1], second: [1, 0] })).toThrow("mcNemar: expected one of second for each of labels");
});
