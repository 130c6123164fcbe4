import { expect, test } from "vitest";
import { largestDifference, mean, median, spread } from "./statistics.ts";

test("the median of an even number of samples lies between the two in the middle", () => {
  expect(median([4, 1, 3, 100])).toBe(3.5);
  expect(median([3, 1, 2])).toBe(2);
});

test("one pause moves the mean and the maximum, not the median", () => {
  const samples = [1, 1, 1, 1, 11];
  expect(spread(samples)).toEqual({ median: 1, min: 1, max: 11 });
  expect(mean(samples)).toBe(3);
});

test("differences are relative above one, absolute below, and NaN is a difference", () => {
  expect(largestDifference([1.5, 200], [1, 100])).toBe(1);
  expect(largestDifference([0.5], [0.25])).toBe(0.25);
  expect(largestDifference([1, Number.NaN, 1], [1, 1, 2])).toBeNaN();
  expect(largestDifference([1], [1, 2])).toBeNaN();
});
