import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptionError } from "./errors.ts";
import { Rng } from "./rng.ts";

const seeds = fc.nat(2 ** 31 - 1);

/** Mean, variance, third and fourth standardised moment. */
function moments(data: ArrayLike<number>): { mean: number; variance: number; skewness: number; kurtosis: number } {
  const n = data.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += data[i]! / n;
  const central = (power: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (data[i]! - mean) ** power / n;
    return sum;
  };
  const variance = central(2);
  return { mean, variance, skewness: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

/**
 * Σ (observed − expected)²/expected, as standard deviations from what it should be: for so many degrees of freedom it is normal with
 * mean d and variance 2d. The seeds are fixed, so these tests cannot flicker; 5 leaves room for the tail of a good generator only.
 */
function chiSquareDeviation(counts: readonly number[], expected: readonly number[]): number {
  const statistic = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
  const degrees = counts.length - 1;
  return Math.abs(statistic - degrees) / Math.sqrt(2 * degrees);
}

describe("streams", () => {
  test("equal seeds give equal bits, other seeds others", () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        const same = new Rng(a).words(8);
        expect(new Rng(a).words(8)).toEqual(same);
        if (a !== b) expect(new Rng(b).words(8)).not.toEqual(same);
      }),
    );
  });

  test("both halves of a 53-bit seed count", () => {
    expect(new Rng(2 ** 32 + 1).words(4)).not.toEqual(new Rng(1).words(4));
    expect(new Rng(2 ** 53 - 1).words(4)).not.toEqual(new Rng(2 ** 32 - 1).words(4));
  });

  test("how a stream is cut into draws does not change it", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.nat(9), { maxLength: 8 }), (seed, lengths) => {
        const rng = new Rng(seed);
        const parts = lengths.flatMap((length) => Array.from(rng.words(length)));
        expect(parts).toEqual(Array.from(new Rng(seed).words(parts.length)));
      }),
    );
  });

  test("a fork depends on the key and the label, not on what was drawn", () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(20), (seed, label, drawn) => {
        const rng = new Rng(seed);
        const before = rng.fork(label).words(4);
        rng.words(drawn);
        expect(rng.fork(label).words(4)).toEqual(before);
        expect(rng.words(4)).not.toEqual(before);
      }),
    );
  });

  test("forks of different labels, and forks in another order, are different streams", () => {
    const rng = new Rng(3);
    const labels = ["", "a", "b", "aa", "ab", "ba", "a\u0000", "\u0000", "dropout", "init", "ä", "😀"];
    const firsts = labels.map((label) => rng.fork(label).words(2).join());
    expect(new Set(firsts).size).toBe(labels.length);
    expect(rng.fork("a").fork("b").words(4)).not.toEqual(rng.fork("b").fork("a").words(4));
    expect(rng.fork("a").fork("b").words(4)).not.toEqual(rng.fork("ab").words(4));
  });

  test("sibling streams are uncorrelated", () => {
    const rng = new Rng(5);
    const n = 20_000;
    const a = rng.fork("1").normal([n]).data;
    const b = rng.fork("2").normal([n]).data;
    const parent = rng.normal([n]).data;
    const correlation = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (x[i]! * y[i]!) / n;
      return sum;
    };
    // Each has standard deviation 1/√n = 0.007.
    for (const value of [correlation(a, b), correlation(a, parent), correlation(b, parent)]) expect(Math.abs(value)).toBeLessThan(0.035);
  });

  test("state goes round through JSON and resumes where it stood", () => {
    fc.assert(
      fc.property(seeds, fc.nat(100), (seed, drawn) => {
        const rng = new Rng(seed).fork("x");
        rng.words(drawn);
        const copy = Rng.fromState(JSON.parse(JSON.stringify(rng.state)));
        expect(copy.state).toEqual(rng.state);
        expect(copy.normal([5])).toEqual(rng.normal([5]));
        expect(copy.fork("y").words(3)).toEqual(rng.fork("y").words(3));
      }),
    );
  });

  test("nextKey never repeats and moves the stream on by two words", () => {
    const rng = new Rng(1);
    const keys = Array.from({ length: 1000 }, () => rng.nextKey().join());
    expect(new Set(keys).size).toBe(1000);
    expect(rng.state.position).toBe(2000);
  });
});

describe("distributions", () => {
  test("uniform: in range, with the moments of the uniform distribution", () => {
    const { data } = new Rng(1).uniform([100_000], -2, 4);
    expect(data.every((value) => value >= -2 && value < 4)).toBe(true);
    const { mean, variance, skewness, kurtosis } = moments(data);
    // Standard errors: 6/√12/√n = 0.0055, variance 3·√(0.8/n) = 0.0085, and under 0.008 for the others.
    expect(Math.abs(mean - 1)).toBeLessThan(0.028);
    expect(Math.abs(variance - 3)).toBeLessThan(0.043);
    expect(Math.abs(skewness)).toBeLessThan(0.04);
    expect(Math.abs(kurtosis - 1.8)).toBeLessThan(0.04);
  });

  test("uniform stays below its end in float32 too", () => {
    // 1 − 2⁻²⁴ scaled and shifted may round up to the end itself.
    for (const [low, high] of [
      [0, 1],
      [-1, 1],
      [0.5, 1],
      [100, 101],
      [-101, -100],
      [-1, 0],
      [0, 0.1],
    ] as const) {
      const { data } = new Rng(2).uniform([50_000], low, high);
      expect(data.every((value) => value >= low && value < high)).toBe(true);
    }
  });

  test("uniform between equal bounds is the bound", () => {
    for (const bound of [0, 1, -3]) expect([...new Rng(2).uniform([2], bound, bound).data]).toEqual([bound, bound]);
  });

  test("normal: the moments of the normal distribution, and no infinities", () => {
    const { data } = new Rng(2).normal([200_000], 3, 2);
    expect(data.every(Number.isFinite)).toBe(true);
    const { mean, variance, skewness, kurtosis } = moments(data);
    // Five standard errors: σ/√n, σ²·√(2/n), √(6/n), √(24/n).
    expect(Math.abs(mean - 3)).toBeLessThan(5 * 0.0045);
    expect(Math.abs(variance - 4)).toBeLessThan(5 * 0.0127);
    expect(Math.abs(skewness)).toBeLessThan(5 * 0.0055);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * 0.011);
  });

  test("normal: shares within one, two and three standard deviations", () => {
    const { data } = new Rng(3).normal([200_000]);
    for (const [bound, share] of [
      [1, 0.682689],
      [2, 0.9545],
      [3, 0.9973],
    ] as const) {
      const within = data.filter((value) => Math.abs(value) <= bound).length / data.length;
      expect(Math.abs(within - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / data.length));
    }
  });

  test("normal of an odd length is whole, and a scalar is one number", () => {
    expect(new Rng(1).normal([3]).data).toHaveLength(3);
    expect(new Rng(1).normal([])).toMatchObject({ shape: [], dtype: "float32" });
    expect(new Rng(1).normal([3]).data.slice(0, 2)).toEqual(new Rng(1).normal([2]).data);
    expect(new Rng(1).normal([0, 3]).data).toHaveLength(0);
  });

  test("truncated normal: nothing past the bound, and its variance", () => {
    const { data } = new Rng(4).truncatedNormal([100_000], 1, 2, 2);
    expect(data.every((value) => value >= -3 && value <= 5)).toBe(true);
    const { mean, variance } = moments(data);
    // Variance of a standard normal cut at ±2: 1 − 2·2·φ(2)/(2Φ(2) − 1) = 0.773741.
    expect(Math.abs(mean - 1)).toBeLessThan(5 * 0.0056);
    expect(Math.abs(variance - 4 * 0.773741)).toBeLessThan(0.06);
  });

  test("truncated normal: a narrow bound is soon drawn, and as flat as the normal is there", () => {
    expect(new Rng(4).truncatedNormal([1000], 5, 1, 1e-9).data.every((value) => value === 5)).toBe(true);
    const bound = 0.24;
    const { data } = new Rng(4).truncatedNormal([100_000], 0, 1, bound);
    expect(data.every((value) => Math.abs(value) <= bound)).toBe(true);
    const { mean, variance } = moments(data);
    // By series: b²/3 · (1 − 2b²/15 …), and the mean's deviation is b / √(3 · 100,000).
    expect(Math.abs(mean)).toBeLessThan(5 * (bound / Math.sqrt(300_000)));
    expect(Math.abs(variance / ((bound ** 2 / 3) * (1 - (2 * bound ** 2) / 15)) - 1)).toBeLessThan(5 * 0.0029);
  });

  test("integers: in range, each as often as the others", () => {
    for (const [low, high] of [
      [0, 10],
      [-3, 4],
      [5, 105],
    ] as const) {
      const { data } = new Rng(5).integers([50_000], low, high);
      const counts = new Array<number>(high - low).fill(0);
      for (const value of data) counts[value - low]!++;
      expect(counts.reduce((a, b) => a + b)).toBe(50_000);
      expect(
        chiSquareDeviation(
          counts,
          counts.map(() => 50_000 / (high - low)),
        ),
      ).toBeLessThan(5);
    }
  });

  test("integers of a range that does not divide 2³² favour nobody", () => {
    // Without drawing again, the lower half of a range of 3·2³⁰ would come up twice as often.
    const rng = new Rng(6);
    let low = 0;
    for (let i = 0; i < 20_000; i++) if (rng.integer(0, 3 * 2 ** 30) < 1.5 * 2 ** 30) low++;
    expect(Math.abs(low / 20_000 - 0.5)).toBeLessThan(5 * 0.0036);
  });

  test("bernoulli: as often as asked, never and always included", () => {
    const share = (probability: number): number => {
      const { data, dtype } = new Rng(7).bernoulli([100_000], probability);
      expect(dtype).toBe("bool");
      return data.filter((value) => value === 1).length / data.length;
    };
    expect(share(0)).toBe(0);
    expect(share(1)).toBe(1);
    expect(Math.abs(share(0.3) - 0.3)).toBeLessThan(5 * 0.00145);
  });

  test("categorical: in proportion to the weights, never where the weight is zero", () => {
    const weights = [1, 0, 3, 0.5, 5.5, 0];
    const { data } = new Rng(8).categorical([100_000], weights);
    const counts = weights.map((_, i) => data.filter((value) => value === i).length);
    expect([counts[1], counts[5]]).toEqual([0, 0]);
    const kept = [0, 2, 3, 4];
    expect(
      chiSquareDeviation(
        kept.map((i) => counts[i]!),
        kept.map((i) => weights[i]! * 10_000),
      ),
    ).toBeLessThan(5);
  });

  test("permutation: each number once, each order as often as the others", () => {
    fc.assert(
      fc.property(seeds, fc.nat(50), (seed, length) => {
        const order = new Rng(seed).permutation(length);
        expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
    const rng = new Rng(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = rng.permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquareDeviation([...counts.values()], new Array(24).fill(1000))).toBeLessThan(5);
  });

  test("pick: one of the items, each as often as the others", () => {
    const rng = new Rng(10);
    const counts = { a: 0, b: 0, c: 0 };
    for (let i = 0; i < 9000; i++) counts[rng.pick(["a", "b", "c"] as const)]++;
    expect(chiSquareDeviation(Object.values(counts), [3000, 3000, 3000])).toBeLessThan(5);
  });
});

describe("errors say what was expected", () => {
  test("seeds", () => {
    for (const seed of [-1, 0.5, NaN, 2 ** 53]) expect(() => new Rng(seed)).toThrow(OptionError);
  });
  test("ranges, items, weights", () => {
    const rng = new Rng(0);
    for (const [low, high] of [
      [0, 0],
      [3, 2],
      [0.5, 2],
      [0, 2 ** 32 + 1],
    ] as const)
      expect(() => rng.integer(low, high)).toThrow(OptionError);
    expect(rng.integers([3], 2 ** 31 - 1, 2 ** 31).data).toEqual(new Int32Array(3).fill(2 ** 31 - 1));
    // Int32 would wrap them round to below 0.
    expect(() => rng.integers([1], 0, 2 ** 31 + 1)).toThrow("a range that int32 holds, from −2³¹ up to 2³¹, got 0 and 2147483649");
    for (const bound of [0, -1, NaN]) expect(() => rng.truncatedNormal([1], 0, 1, bound)).toThrow(`a bound above 0, got ${bound}`);
    for (const [low, high] of [
      [2, 1],
      [NaN, 1],
      [0, Infinity],
    ] as const)
      expect(() => rng.uniform([1], low, high)).toThrow(`finite bounds, low ≤ high, got ${low} and ${high}`);
    for (const deviation of [-1, NaN]) {
      expect(() => rng.normal([1], 0, deviation)).toThrow(`a standard deviation ≥ 0, got ${deviation}`);
      expect(() => rng.truncatedNormal([1], 0, deviation)).toThrow(`a standard deviation ≥ 0, got ${deviation}`);
    }
    for (const probability of [-0.1, 1.5, NaN]) expect(() => rng.bernoulli([1], probability)).toThrow(`from 0 to 1, got ${probability}`);
    expect(() => rng.pick([])).toThrow("at least one item");
    expect(() => rng.categorical([1], [1, -1])).toThrow("weights ≥ 0, got -1 at 1");
    expect(() => rng.categorical([1], [0, 0])).toThrow("positive finite sum");
    expect(() => rng.categorical([1], [NaN])).toThrow(OptionError);
  });
  test("labels that are none, and states that no generator had", () => {
    expect(() => new Rng(0).fork(1 as never)).toThrow("expected a string as label, got number");
    for (const state of [{}, { key: [1], position: 0 }, { key: [1, 2] }, { key: [1, 2], position: -1 }, { key: [1, 2], position: 0.5 }]) {
      expect(() => Rng.fromState(state as never)).toThrow(OptionError);
    }
  });
});
