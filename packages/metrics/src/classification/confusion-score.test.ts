import { describe, expect, test } from "vitest";
import { binaryProblems, multiclassProblems } from "../../fixtures/classification.ts";
import { BalancedAccuracy } from "./balanced-accuracy.ts";
import { CohenKappa } from "./cohen-kappa.ts";
import type { ConfusionScore } from "./confusion-score.ts";
import { MatthewsCorrelation } from "./matthews-correlation.ts";

const scoreOf = (metric: ConfusionScore, labels: readonly number[], predictions: readonly number[]): number => {
  metric.update({ labels, predictions });
  return metric.result();
};

describe.each(multiclassProblems)("scikit-learn, $classes classes", ({ classes, y_true, y_pred, ...expected }) => {
  test("balanced accuracy", () => {
    expect(scoreOf(new BalancedAccuracy({ classes }), y_true, y_pred)).toBeCloseTo(expected.balanced_accuracy, 12);
  });
  test("Matthews' correlation", () => {
    expect(scoreOf(new MatthewsCorrelation({ classes }), y_true, y_pred)).toBeCloseTo(expected.mcc, 12);
  });
  test.each([
    ["none", "None"],
    ["linear", "linear"],
    ["quadratic", "quadratic"],
  ] as const)("Cohen's kappa, weights %s", (weights, key) => {
    expect(scoreOf(new CohenKappa({ classes, weights }), y_true, y_pred)).toBeCloseTo(expected.kappa[key], 12);
  });
});

describe.each(binaryProblems)("scikit-learn, binary", ({ y_true, y_pred, mcc, kappa }) => {
  test("Matthews' correlation and Cohen's kappa", () => {
    expect(scoreOf(new MatthewsCorrelation({ classes: 2 }), y_true, y_pred)).toBeCloseTo(mcc, 12);
    expect(scoreOf(new CohenKappa({ classes: 2 }), y_true, y_pred)).toBeCloseTo(kappa, 12);
  });
});

test("all right is 1, all wrong is −1, always the same answer is 0", () => {
  expect(scoreOf(new MatthewsCorrelation({ classes: 3 }), [0, 1, 2], [0, 1, 2])).toBe(1);
  expect(scoreOf(new MatthewsCorrelation({ classes: 2 }), [0, 1], [1, 0])).toBe(-1);
  expect(scoreOf(new MatthewsCorrelation({ classes: 2 }), [0, 1], [0, 0])).toBe(0);
  expect(scoreOf(new CohenKappa({ classes: 2 }), [0, 0, 1, 1], [0, 1, 1, 1])).toBe(0.5);
  expect(scoreOf(new CohenKappa({ classes: 2 }), [0, 0], [0, 0])).toBeNaN();
});

test("a class that never occurred does not count towards balanced accuracy", () => {
  expect(scoreOf(new BalancedAccuracy({ classes: 3 }), [0, 0, 1, 1], [0, 0, 1, 2])).toBe(0.75);
});

test("merge, state and reset are the confusion matrix's", () => {
  const a = new CohenKappa({ classes: 2 });
  const b = new CohenKappa({ classes: 2 });
  a.update({ labels: [0, 0], predictions: [0, 1] });
  b.update({ labels: [1, 1], predictions: [1, 1] });
  a.merge(b);
  expect(a.result()).toBe(0.5);
  const resumed = new CohenKappa({ classes: 2 });
  resumed.restore(JSON.parse(JSON.stringify(a.state())));
  expect(resumed.result()).toBe(0.5);
  a.reset();
  expect(() => a.result()).toThrow("at least one update");
});
