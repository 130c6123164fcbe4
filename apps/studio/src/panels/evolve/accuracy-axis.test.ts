import { expect, test } from "vitest";
import { accuracyAxis, frame } from "./accuracy-axis.tsx";

test.each([
  // The best networks are between 90 and 100 %; the worst guess among ten classes.
  [
    [0.95, 0.97],
    [1, 0.98, 0.96, 0.94, 0.92, 0.9, 0.88],
  ],
  [[0.1], [1, 0.8, 0.6, 0.4, 0.2]],
  [[], [1, 0.98, 0.96, 0.94, 0.92, 0.9, 0.88]],
] as const)("accuracies of %j are marked at %j", (accuracies, expected) => {
  const { y, marks } = accuracyAxis(accuracies);
  expect(marks.map((mark) => Number(mark.toFixed(6)))).toEqual(expected);
  // Upwards is better, and every network is inside.
  expect(y(1)).toBe(frame.top);
  for (const accuracy of [...accuracies, ...marks]) {
    expect(y(accuracy)).toBeGreaterThanOrEqual(frame.top);
    expect(y(accuracy)).toBeLessThanOrEqual(frame.height - frame.bottom + 1e-9);
  }
});
