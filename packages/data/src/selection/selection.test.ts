import { DataError, hostTensor, OptionError, Rng } from "@dl/core";
import { expect, test } from "vitest";
import { kCenter } from "./k-center.ts";
import { pseudoLabels } from "./pseudo-labels.ts";
import { largest, uncertainty } from "./uncertainty.ts";

const rows = (...values: number[][]) => hostTensor(Float64Array.from(values.flat()), [values.length, values[0]!.length]);

test("uncertainty by hand: all three are least for a sure row and largest for an even one", () => {
  const probabilities = rows([1, 0, 0], [0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]);
  expect(Array.from(uncertainty(probabilities, { measure: "least-confident" }))).toEqual([0, 0.5, expect.closeTo(2 / 3)]);
  expect(Array.from(uncertainty(probabilities, { measure: "margin" }))).toEqual([0, expect.closeTo(0.8), 1]);
  expect(Array.from(uncertainty(probabilities))).toEqual([0, expect.closeTo(1.0297, 4), expect.closeTo(Math.log(3))]);
  expect(Array.from(largest(uncertainty(probabilities), 2))).toEqual([2, 1]);
  expect(() => uncertainty(rows([2, -1]))).toThrow(/Apply softmax first/);
  expect(() => largest([1], 2)).toThrow(OptionError);
});

test("kCenter takes as many examples as there are, not as a call may have arguments", () => {
  const features = hostTensor(new Float32Array(200_000), [200_000, 1]);
  features.data[123_456] = 1;
  expect(Array.from(kCenter(features, { count: 1 }))).toEqual([123_456]);
});

test("kCenter covers what is far first, and stays within twice the best radius", () => {
  const line = hostTensor(Float32Array.of(0, 1, 2, 10, 11, 30), [6, 1]);
  expect(Array.from(kCenter(line, { count: 3 }))).toEqual([5, 0, 4]);
  expect(Array.from(kCenter(line, { count: 2, labelled: [5, 0] }))).toEqual([4, 2]);
  const features = new Rng(1).normal([40, 2]);
  const distance = (a: number, b: number): number =>
    Math.hypot(features.data[2 * a]! - features.data[2 * b]!, features.data[2 * a + 1]! - features.data[2 * b + 1]!);
  const radius = (centers: readonly number[]): number =>
    Math.max(...Array.from({ length: 40 }, (_, i) => Math.min(...centers.map((center) => distance(i, center)))));
  let best = Infinity;
  for (let a = 0; a < 40; a++) for (let b = 0; b < a; b++) best = Math.min(best, radius([a, b]));
  expect(radius([...kCenter(features, { count: 2 })])).toBeLessThanOrEqual(2 * best);
  expect(new Set(kCenter(hostTensor(new Float32Array(4), [4, 1]), { count: 4 })).size).toBe(4);
  expect(() => kCenter(line, { count: 7 })).toThrow(OptionError);
});

test("pseudo-labels: only sure rows, the surest of each class where there is a limit", () => {
  const probabilities = rows([0.97, 0.03], [0.6, 0.4], [0.01, 0.99], [0.99, 0.01]);
  const all = pseudoLabels(probabilities);
  expect(Array.from(all.indices)).toEqual([0, 2, 3]);
  expect(Array.from(all.labels.data)).toEqual([0, 1, 0]);
  expect(Array.from(pseudoLabels(probabilities, { perClass: 1 }).indices)).toEqual([2, 3]);
  expect(pseudoLabels(probabilities, { threshold: 1 }).indices).toHaveLength(0);
  expect(() => pseudoLabels(probabilities, { threshold: 0 })).toThrow(OptionError);
  expect(() => pseudoLabels(hostTensor(new Float32Array(2), [2]))).toThrow(DataError);
});
