import { conv2d, hostTensor, Rng, ShapeError, tensor } from "@dl/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { symmetricEigen } from "./symmetric-eigen.ts";
import { onDevice, precisions } from "./torch-fixture.ts";
import { whiteningFilters } from "./whitening.ts";

const rng = new Rng(5);

test("eigenvalues by hand: [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, −1)", () => {
  const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
  expect(values[0]).toBeCloseTo(3, 12);
  expect(values[1]).toBeCloseTo(1, 12);
  expect(Math.abs(vectors[0]!)).toBeCloseTo(Math.SQRT1_2, 12);
  expect(vectors[0]).toBeCloseTo(vectors[1]!, 12);
  expect(vectors[2]).toBeCloseTo(-vectors[3]!, 12);
});

test("A·v = λ·v, eigenvectors are orthonormal, and eigenvalues fall", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (n, seed) => {
      const draws = new Rng(seed).normal([n, n]).data;
      const a = Float64Array.from({ length: n * n }, (_, i) => draws[i]! + draws[(i % n) * n + Math.floor(i / n)]!);
      const { values, vectors } = symmetricEigen(a, n);
      for (let i = 0; i < n; i++) {
        if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]!);
        const v = vectors.subarray(i * n, i * n + n);
        for (let row = 0; row < n; row++) {
          const product = v.reduce((sum, x, column) => sum + a[row * n + column]! * x, 0);
          expect(product).toBeCloseTo(values[i]! * v[row]!, 8);
        }
        for (let j = 0; j < n; j++) {
          const dot = v.reduce((sum, x, k) => sum + x * vectors[j * n + k]!, 0);
          expect(dot).toBeCloseTo(i === j ? 1 : 0, 10);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test("filtered patches are uncorrelated and have variance 1; the second half of the filters is the first with the sign turned", async () => {
  // Neighbouring pixels and channels that go together, as in photographs.
  const noise = rng.normal([40, 9, 9, 3]).data;
  const smooth = Float32Array.from(
    noise,
    (value, i) => value + 0.8 * (noise[i - 3] ?? 0) + 0.5 * (noise[i - 1] ?? 0) + 0.4 * (noise[i - 27] ?? 0),
  );
  const images = hostTensor(smooth, [40, 9, 9, 3]);
  const filters = whiteningFilters(images, { kernelSize: 2, epsilon: 0 });
  expect(filters.shape).toEqual([2, 2, 3, 24]);
  await onDevice(precisions[0]!.backend(), async (device) => {
    const { data } = await device.compute(() => conv2d(tensor(images), tensor(filters)));
    const patches = data.length / 24;
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 12; j++) {
        let covariance = 0;
        for (let patch = 0; patch < patches; patch++) covariance += (data[patch * 24 + i]! * data[patch * 24 + j]!) / patches;
        expect(covariance).toBeCloseTo(i === j ? 1 : 0, 4);
      }
      expect(data[12 + i]).toBe(-data[i]!);
    }
  });
});

test("epsilon keeps directions without variance finite, and images smaller than a patch are refused", () => {
  const grey = hostTensor(new Float32Array(2 * 4 * 4).fill(0.5), [2, 4, 4, 1]);
  expect(whiteningFilters(grey, { kernelSize: 2 }).data.every(Number.isFinite)).toBe(true);
  expect(() => whiteningFilters(grey, { kernelSize: 5 })).toThrow(ShapeError);
  expect(() => whiteningFilters(grey, { kernelSize: 5 })).toThrow(/sides of at least 5, got \[2, 4, 4, 1\]/);
});
