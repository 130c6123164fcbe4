import { expect, test } from "vitest";
import { worstMistakes } from "./worst-mistakes.ts";

test("wrong answers, surest first; right ones are left out", () => {
  const labels = [0, 1, 1, 0];
  const probabilities = [0.9, 0.1, 0.7, 0.3, 0.2, 0.8, 0.05, 0.95];
  expect(worstMistakes(labels, probabilities)).toEqual([
    { index: 3, label: 0, prediction: 1, confidence: 0.95 },
    { index: 1, label: 1, prediction: 0, confidence: 0.7 },
  ]);
  expect(worstMistakes(labels, probabilities, { count: 1 })).toHaveLength(1);
  expect(worstMistakes([0], [1, 0])).toEqual([]);
});

test("of equals the earlier example first", () => {
  expect(worstMistakes([1, 1, 1], [1, 0, 1, 0, 1, 0]).map(({ index }) => index)).toEqual([0, 1, 2]);
});

test("rows that do not fit the labels are an error", () => {
  expect(() => worstMistakes([0, 1], [1, 0, 1])).toThrow("got 2 labels and 3 probabilities");
  expect(() => worstMistakes([], [])).toThrow("got 0 labels");
});
