import { fromNested } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { multiclassProblems } from "../../fixtures/classification.ts";
import { Accuracy } from "./accuracy.ts";
import { ConfusionMatrix } from "./confusion-matrix.ts";
import { TopKAccuracy } from "./top-k-accuracy.ts";

test("two of three", () => {
  const accuracy = new Accuracy();
  accuracy.update({ labels: [0, 1, 1], predictions: [0, 1, 0] });
  expect(accuracy.result()).toBe(2 / 3);
});

test("the prediction is the largest score, the first of equals", () => {
  const accuracy = new Accuracy();
  accuracy.update({
    labels: Int32Array.of(1, 0),
    scores: fromNested([
      [0, 5, 5],
      [-3, -4, -5],
    ]),
  });
  expect(accuracy.result()).toBe(1);
});

test("sequences: labels [B, T], scores [B, T, C]", () => {
  const accuracy = new Accuracy();
  accuracy.update({
    labels: fromNested([[0, 1]], "int32"),
    scores: fromNested([
      [
        [1, 0],
        [1, 0],
      ],
    ]),
  });
  expect(accuracy.result()).toBe(0.5);
});

describe.each(multiclassProblems)("scikit-learn, $classes classes", (problem) => {
  const labels = problem.y_true;
  const scores = Float64Array.from(problem.probs.flat());

  test("accuracy from predictions", () => {
    const accuracy = new Accuracy({ classes: problem.classes });
    accuracy.update({ labels, predictions: problem.y_pred });
    expect(accuracy.result()).toBeCloseTo(problem.accuracy, 12);
  });

  test.each(Object.entries(problem.top_k))("top %s", (k, expected) => {
    const metric = new TopKAccuracy({ k: Number(k) });
    metric.update({ labels, scores });
    expect(metric.result()).toBeCloseTo(expected, 12);
  });
});

const examples = fc.array(
  fc.record({ label: fc.integer({ min: 0, max: 2 }), row: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 }) }),
  { minLength: 1, maxLength: 30 },
);

test("the best of one guess is the prediction, whatever ties", () => {
  fc.assert(
    fc.property(examples, (batch) => {
      const inputs = { labels: batch.map(({ label }) => label), scores: batch.flatMap(({ row }) => row) };
      const accuracy = new Accuracy();
      const top = new TopKAccuracy({ k: 1 });
      accuracy.update(inputs);
      top.update(inputs);
      expect(top.result()).toBe(accuracy.result());
    }),
  );
});

test("accuracy is the confusion matrix's diagonal", () => {
  fc.assert(
    fc.property(examples, (batch) => {
      const inputs = { labels: batch.map(({ label }) => label), scores: batch.flatMap(({ row }) => row) };
      const accuracy = new Accuracy();
      const confusion = new ConfusionMatrix({ classes: 3 });
      accuracy.update(inputs);
      confusion.update(inputs);
      const { data } = confusion.result();
      expect((data[0]! + data[4]! + data[8]!) / batch.length).toBeCloseTo(accuracy.result(), 12);
    }),
  );
});

describe("a wrong batch is refused and adds nothing", () => {
  const accuracy = new Accuracy({ classes: 3 });
  accuracy.update({ labels: [0, 1], predictions: [0, 0] });

  test.each([
    [
      "labels and predictions of different lengths",
      { labels: [0, 1], predictions: [0] },
      "got 2 numbers of labels and 1 numbers of predictions",
    ],
    [
      "a label out of range",
      { labels: [0, 3], predictions: [0, 0] },
      "expected whole numbers from 0 to 2 (3 classes) in labels, got 3 at 1",
    ],
    ["a negative label", { labels: [-1], predictions: [0] }, "got -1 at 0"],
    ["a label between classes", { labels: [0.5], predictions: [0] }, "got 0.5 at 0"],
    ["a predicted class out of range", { labels: [0], predictions: [7] }, "in predictions, got 7 at 0"],
    ["an empty batch", { labels: [], predictions: [] }, "expected at least one example"],
    ["rows of the wrong length", { labels: [0], scores: [1, 2] }, "expected rows of 3 scores, one a class, got rows of 2"],
    ["scores that are no rows", { labels: [0, 1], scores: [1, 2, 3] }, "got 3 numbers of scores and 2 numbers of labels"],
    [
      "one-hot labels",
      { labels: fromNested([[1, 0, 0]]), scores: fromNested([[1, 2, 3]]) },
      "got shape [1, 3] of scores and shape [1, 3] of labels",
    ],
    ["a NaN score", { labels: [0], scores: [1, Number.NaN, 3] }, "got NaN at 1"],
  ])("%s", (_, inputs, message) => {
    expect(() => accuracy.update(inputs)).toThrow(message);
    expect(accuracy.result()).toBe(0.5);
  });

  test("k as large as the classes", () => {
    expect(() => new TopKAccuracy({ k: 3 }).update({ labels: [0], scores: [1, 2, 3] })).toThrow("got k 3 with rows of 3");
    expect(() => new TopKAccuracy({ k: 0 })).toThrow("expected a whole k of at least 1, got 0");
  });
});

test("parts merged are the whole, and a restored state goes on", () => {
  const a = new Accuracy();
  const b = new Accuracy();
  a.update({ labels: [0, 1, 2], predictions: [0, 1, 1] });
  b.update({ labels: [0], predictions: [1] });
  a.merge(b);
  expect(a.result()).toBe(0.5);
  const resumed = new Accuracy();
  resumed.restore(JSON.parse(JSON.stringify(a.state())));
  resumed.update({ labels: [0, 0], predictions: [0, 0] });
  expect(resumed.result()).toBe(4 / 6);
  expect(a.result()).toBe(0.5);
  const two = new TopKAccuracy({ k: 2 });
  two.update({ labels: [2, 1], scores: [1, 2, 3, 3, 1, 2] });
  const more = new TopKAccuracy({ k: 2 });
  more.restore(JSON.parse(JSON.stringify(two.state())));
  more.merge(two);
  expect(more.result()).toBe(0.5);
  expect(() => two.merge(new TopKAccuracy({ k: 1 }))).toThrow("got k 2 and 1");
});
