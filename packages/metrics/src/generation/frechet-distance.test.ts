import { fromNested, type HostTensor, hostTensor, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromSaved, generative } from "../../fixtures/generative.ts";
import { FeatureStatistics } from "./feature-statistics.ts";
import { FrechetDistance, frechetDistance } from "./frechet-distance.ts";
import { symmetricEigenvalues } from "./symmetric-eigenvalues.ts";

const normal = (seed: number, shape: readonly [number, number]): HostTensor => new Rng(seed).normal(shape);
const distanceOf = (real: HostTensor, generated: HostTensor): number => {
  const distance = new FrechetDistance({ size: real.shape[1]! });
  distance.update({ real, generated });
  return distance.result();
};

test("by hand: two Gaussians on a line, (μ₁ − μ₂)² + (σ₁ − σ₂)²", () => {
  const gaussian = (mean: number, variance: number) => ({ mean: Float64Array.of(mean), covariance: Float64Array.of(variance), count: 9 });
  expect(frechetDistance(gaussian(0, 1), gaussian(3, 4))).toBeCloseTo(9 + 1, 14);
});

test.each(generative.features)("scipy's matrix square root", ({ a, b, frechet }) => {
  expect(Math.abs(distanceOf(fromSaved(a), fromSaved(b)) / frechet - 1)).toBeLessThan(1e-9);
});

test("a set is at no distance from itself, also with fewer rows than features", () => {
  for (const rows of [5, 40]) {
    const features = normal(1, [rows, 12]);
    // √ of a rounding error of 2⁻⁵² times the variance, for each feature.
    expect(distanceOf(features, features)).toBeLessThan(1e-6);
  }
});

test("shifting one side adds the squared shift; swapping the sides changes nothing", () => {
  const [a, b] = [normal(2, [30, 6]), normal(3, [20, 6])];
  const shifted = hostTensor(
    Float64Array.from(a.data, (x) => x + 2),
    a.shape,
  );
  expect(distanceOf(shifted, a)).toBeCloseTo(4 * 6, 5);
  expect(distanceOf(a, b)).toBeCloseTo(distanceOf(b, a), 8);
});

test("rotating both sides changes nothing", () => {
  const rotate = ({ data, shape }: HostTensor): HostTensor =>
    hostTensor(
      Float64Array.from(data, (x, i) => (i % 2 === 0 ? 0.6 * x - 0.8 * data[i + 1]! : 0.6 * x + 0.8 * data[i - 1]!)),
      shape,
    );
  const [a, b] = [normal(4, [30, 2]), normal(5, [30, 2])];
  expect(distanceOf(rotate(a), rotate(b))).toBeCloseTo(distanceOf(a, b), 8);
});

test("parts merged are the whole, and a restored state goes on", () => {
  const rows = fc.array(fc.tuple(fc.float({ noNaN: true, min: -9, max: 9 }), fc.float({ noNaN: true, min: -9, max: 9 })), {
    minLength: 2,
    maxLength: 8,
  });
  fc.assert(
    fc.property(rows, rows, (left, right) => {
      const whole = new FeatureStatistics({ size: 2 });
      whole.update({ features: fromNested([...left, ...right]) });
      const [a, b] = [new FeatureStatistics({ size: 2 }), new FeatureStatistics({ size: 2 })];
      a.update({ features: fromNested(left) });
      b.update({ features: fromNested(right) });
      a.merge(b);
      const resumed = new FeatureStatistics({ size: 2 });
      resumed.restore(JSON.parse(JSON.stringify(a.state())));
      whole.result().covariance.forEach((value, i) => {
        expect(resumed.result().covariance[i]).toBeCloseTo(value, 9);
      });
      expect(resumed.result().count).toBe(left.length + right.length);
    }),
  );
});

test("features far from zero lose no digits", () => {
  const far = new FeatureStatistics({ size: 1 });
  far.update({ features: hostTensor(Float64Array.of(1e9, 1e9 + 1), [2, 1]) });
  far.update({ features: hostTensor(Float64Array.of(1e9 + 2), [1, 1]) });
  expect(far.result().covariance[0]).toBeCloseTo(1, 6);
});

describe("eigenvalues", () => {
  test("of a matrix worked by hand", () => {
    const [low, high] = symmetricEigenvalues(Float64Array.of(2, 1, 1, 2), { size: 2 });
    expect(low).toBeCloseTo(1, 14);
    expect(high).toBeCloseTo(3, 14);
  });

  test("add up to the trace, and their squares to the squared norm", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (size, seed) => {
        const data = new Rng(Math.abs(seed)).normal([size, size]).data;
        const matrix = Float64Array.from({ length: size * size }, (_, i) => data[i]! + data[(i % size) * size + Math.floor(i / size)]!);
        const values = symmetricEigenvalues(matrix, { size });
        const trace = values.reduce((a, b) => a + b, 0);
        expect(trace).toBeCloseTo(
          Array.from({ length: size }, (_, i) => matrix[i * size + i]!).reduce((a, b) => a + b, 0),
          9,
        );
        expect(values.reduce((a, b) => a + b * b, 0)).toBeCloseTo(
          matrix.reduce((a, b) => a + b * b, 0),
          7,
        );
      }),
    );
  });
});

test("what does not fit is an error, and adds nothing", () => {
  const distance = new FrechetDistance({ size: 2 });
  expect(() => distance.update({})).toThrow("expected real or generated features, got neither");
  expect(() => distance.update({ real: fromNested([[1, 2, 3]]) })).toThrow("expected real [N, 2], got [1, 3]");
  expect(() => distance.update({ real: fromNested([[1, Number.NaN]]) })).toThrow("expected finite real, got NaN in row 0");
  expect(() => distance.update({ real: fromNested([[1, 2]]), generated: fromNested([[1]]) })).toThrow("got [1, 1]");
  expect(distance.state().real.count).toBe(0);
  expect(() => distance.result()).toThrow("FeatureStatistics.result: expected at least one update");
  distance.update({ real: fromNested([[1, 2]]) });
  expect(() => distance.result()).toThrow("expected at least 2 rows for a covariance, got 1");
  expect(() => new FrechetDistance({ size: 0 })).toThrow("expected a size of at least 1, got 0");
});

test("resetGenerated keeps what was learned of the real data", () => {
  const distance = new FrechetDistance({ size: 3 });
  distance.update({ real: normal(1, [9, 3]), generated: normal(2, [9, 3]) });
  const first = distance.result();
  distance.resetGenerated();
  distance.update({ generated: normal(2, [9, 3]) });
  expect(distance.result()).toBe(first);
});
