import { expect, test } from "vitest";
import { averages } from "../../fixtures/averages.ts";
import { AveragePrecision } from "./average-precision.ts";
import { FBeta } from "./f-beta.ts";
import { Jaccard } from "./jaccard.ts";
import { Precision } from "./precision.ts";
import { Recall } from "./recall.ts";
import { RocAuc } from "./roc-auc.ts";

const { labels, predictions, weights, samples } = averages;
const task = { task: "multilabel", labelCount: 5, average: "samples" } as const;

test.each(samples)("samples averages equal scikit-learn's: zeroDivision $zeroDivision, weighted $weighted", (expected) => {
  const options = { ...task, zeroDivision: expected.zeroDivision };
  const inputs = { labels, predictions, ...(expected.weighted && { weights }) };
  const metrics = {
    precision: new Precision(options),
    recall: new Recall(options),
    f1: new FBeta({ ...options, beta: 1 }),
    f2: new FBeta({ ...options, beta: 2 }),
    jaccard: new Jaccard(options),
    only: new Recall({ ...options, only: [1, 3] }),
  };
  for (const [name, metric] of Object.entries(metrics)) {
    metric.update(inputs);
    expect(metric.result(), name).toBeCloseTo(expected[name as keyof typeof metrics], 12);
  }
});

test.each(averages.areas.results)("areas under the curves of single examples equal scikit-learn's, weighted $weighted", (expected) => {
  const { labels, scores } = averages.areas;
  const inputs = { labels, scores, ...(expected.weighted && { weights }) };
  for (const [Of, value] of [
    [RocAuc, expected.rocAuc],
    [AveragePrecision, expected.averagePrecision],
  ] as const) {
    const [whole, first, second] = [new Of(task), new Of(task), new Of(task)];
    whole.update(inputs);
    expect(whole.result()).toBeCloseTo(value, 12);
    const part = (from: number, to: number) => ({
      labels: labels.slice(5 * from, 5 * to),
      scores: scores.slice(5 * from, 5 * to),
      ...(expected.weighted && { weights: weights.slice(from, to) }),
    });
    first.update(part(0, 11));
    second.update(part(11, 30));
    (first as RocAuc).merge(second as RocAuc);
    expect(first.result()).toBeCloseTo(value, 12);
    const restored = new Of(task);
    restored.restore(JSON.parse(JSON.stringify(whole.state())));
    expect(restored.result()).toBe(whole.result());
  }
});

test("an example of one kind of labels has no area, unless it counts nothing; coarse thresholds and other tasks have no examples to tell apart", () => {
  const auc = new RocAuc({ task: "multilabel", labelCount: 2, average: "samples", ignoreLabel: -1 });
  auc.update({ labels: [1, 0, 0, 1, -1, -1], scores: [0.9, 0.1, 0.9, 0.1, 0.5, 0.5] });
  expect(auc.result()).toBe(0.5);
  auc.update({ labels: [1, 1, 1, 0], scores: [0.9, 0.1, 0.5, 0.5], weights: [0, 2] });
  expect(auc.result()).toBe((1 + 0 + 2 * 0.5) / 4);
  // The other label is left out: one kind is left.
  auc.update({ labels: [1, -1], scores: [0.9, 0.1] });
  expect(() => auc.result()).toThrow(/RocAuc\.result: expected yes and no labels in every example, got only one kind in example 4/);
  expect(() => new RocAuc({ classes: 3, average: "samples" })).toThrow(/a multilabel task with exact thresholds, got a multiclass one/);
  expect(() => new AveragePrecision({ ...task, thresholds: 10 })).toThrow(/AveragePrecision: .* with exact thresholds, got 10 thresholds/);
});

test("by hand: one example right in full, one by half; ignored labels leave an example as it is without them", () => {
  const recall = new Recall({ task: "multilabel", labelCount: 2, average: "samples", ignoreLabel: -1 });
  recall.update({ labels: [1, 0, 1, 1], predictions: [1, 0, 0, 1] });
  expect(recall.result()).toBe(0.75);
  recall.update({ labels: [1, -1, -1, -1], predictions: [1, 1, 1, 1] });
  // (1 + ½ + 1) ÷ 3: an example of ignored labels alone is none.
  expect(recall.result()).toBeCloseTo(2.5 / 3, 15);
});

test("parts and states are those of the whole; other averages have no such state", () => {
  const whole = new Precision(task);
  whole.update({ labels, predictions });
  const [first, second] = [new Precision(task), new Precision(task)];
  first.update({ labels: labels.slice(0, 50), predictions: predictions.slice(0, 50) });
  second.update({ labels: labels.slice(50), predictions: predictions.slice(50) });
  first.merge(second);
  expect(first.result()).toBeCloseTo(whole.result(), 15);
  const restored = new Precision(task);
  restored.restore(JSON.parse(JSON.stringify(whole.state())));
  expect(restored.result()).toBe(whole.result());
  const macro = new Precision({ ...task, average: "macro" });
  expect(() => restored.restore(macro.state())).toThrow(/state of a metric with average samples/);
  expect(() => whole.merge(macro)).toThrow(/expected equal averages, got samples and macro/);
  whole.reset();
  expect(() => whole.result()).toThrow(/at least one update/);
  expect(() => new Precision({ classes: 3, average: "samples" })).toThrow(/multilabel task only, got a multiclass one/);
});
