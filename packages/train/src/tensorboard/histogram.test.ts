import fc from "fast-check";
import { expect, test } from "vitest";
import { histogramOf } from "./histogram.ts";

test("one value: an empty bin up to its left edge, then its own", () => {
  const { limits, counts, min, max, count, sum, sumOfSquares } = histogramOf("w", [0]);
  expect({ min, max, count, sum, sumOfSquares }).toEqual({ min: 0, max: 0, count: 1, sum: 0, sumOfSquares: 0 });
  expect(limits).toEqual([0, 1e-12]);
  expect(counts).toEqual([0, 1]);
});

test("every finite value falls into one bin, between its edges", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 }), (values) => {
      const { limits, counts, count } = histogramOf("w", values);
      expect(counts.reduce((a, b) => a + b)).toBe(count);
      expect(limits).toHaveLength(counts.length);
      counts.forEach((expected, bin) => {
        const low = limits[bin - 1] ?? Number.NEGATIVE_INFINITY;
        const isLast = limits[bin] === Number.MAX_VALUE;
        expect(values.filter((v) => v >= low && (isLast || v < limits[bin]!))).toHaveLength(expected);
      });
    }),
  );
});

test("NaN, infinity and nothing are errors that name the tag", () => {
  expect(() => histogramOf("conv.weight", [1, Number.NaN])).toThrow('histogram "conv.weight": expected finite values, got NaN at 1');
  expect(() => histogramOf("conv.weight", [Number.POSITIVE_INFINITY])).toThrow("got Infinity at 0");
  expect(() => histogramOf("conv.weight", [])).toThrow("expected at least one value, got none");
});
