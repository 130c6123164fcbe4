import { toNested } from "@dl/core";
import { describe, expect, test } from "vitest";
import { multiclassProblems } from "../../fixtures/classification.ts";
import { ConfusionMatrix, normalizeConfusion } from "./confusion-matrix.ts";

test("rows are true, columns predicted", () => {
  const confusion = new ConfusionMatrix({ classes: 2 });
  confusion.update({ labels: [0, 1, 1], predictions: [1, 1, 1] });
  expect(toNested(confusion.result())).toEqual([
    [0, 1],
    [0, 2],
  ]);
});

describe.each(multiclassProblems)("scikit-learn, $classes classes", (problem) => {
  const confusion = new ConfusionMatrix({ classes: problem.classes });
  confusion.update({ labels: problem.y_true, predictions: problem.y_pred });

  test("counts", () => expect(toNested(confusion.result())).toEqual(problem.confusion.None));

  test.each([
    ["true", "true"],
    ["predicted", "pred"],
    ["all", "all"],
  ] as const)("shares by %s", (by, key) => {
    const shares = normalizeConfusion(confusion.result(), by).data;
    problem.confusion[key].flat().forEach((expected, i) => {
      expect(shares[i]).toBeCloseTo(expected, 12);
    });
  });
});

test("the result is a copy", () => {
  const confusion = new ConfusionMatrix({ classes: 2 });
  confusion.update({ labels: [0], predictions: [0] });
  confusion.result().data[0] = 99;
  expect(confusion.result().data[0]).toBe(1);
});

test("parts merged are the whole, a restored state goes on, a reset one is empty", () => {
  const a = new ConfusionMatrix({ classes: 2 });
  const b = new ConfusionMatrix({ classes: 2 });
  a.update({ labels: [0, 1], predictions: [0, 0] });
  b.update({ labels: [1], predictions: [1] });
  a.merge(b);
  expect([...a.result().data]).toEqual([1, 0, 1, 1]);
  const resumed = new ConfusionMatrix({ classes: 2 });
  resumed.restore(JSON.parse(JSON.stringify(a.state())));
  resumed.update({ labels: [0], predictions: [1] });
  expect([...resumed.result().data]).toEqual([1, 1, 1, 1]);
  resumed.reset();
  expect(() => resumed.result()).toThrow("ConfusionMatrix.result: expected at least one update");
});

test("what does not fit is an error", () => {
  expect(() => new ConfusionMatrix({ classes: 1 })).toThrow("expected at least 2 classes, got 1");
  const confusion = new ConfusionMatrix({ classes: 3 });
  expect(() => confusion.update({ labels: [3], predictions: [0] })).toThrow("got 3 at 0");
  expect(() => confusion.merge(new ConfusionMatrix({ classes: 2 }))).toThrow("expected equal classes, got 3 and 2");
  expect(() => confusion.restore({ counts: [1, 2] })).toThrow("expected 9 counts (3 classes), got 2");
});
