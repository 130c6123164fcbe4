import { Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import type { Metric } from "../metric.ts";
import { AveragePrecision } from "./average-precision.ts";
import { BrierScore } from "./brier-score.ts";
import { CalibrationError } from "./calibration-error.ts";
import { LogLoss } from "./log-loss.ts";
import { MultilabelAgreement } from "./multilabel-agreement.ts";
import type { ProbabilityInputs } from "./probability-inputs.ts";
import { RocAuc } from "./roc-auc.ts";

const rng = new Rng(4);
const ignoreLabel = -100;
type ProbabilityMetric = Metric<ProbabilityInputs, number, unknown>;

test.each([
  ["LogLoss", () => new LogLoss({ ignoreLabel }), () => new LogLoss()],
  ["BrierScore", () => new BrierScore({ ignoreLabel }), () => new BrierScore()],
  ["CalibrationError", () => new CalibrationError({ ignoreLabel, bins: 5 }), () => new CalibrationError({ bins: 5 })],
] as readonly [string, () => ProbabilityMetric, () => ProbabilityMetric][])(
  "%s leaves ignored labels out: the score is that of the others alone",
  (_, make, plain) => {
    const logits = rng.normal([40, 3]).data;
    const all = Array.from(rng.integers([40], 0, 3).data, (label, i) => (i % 4 === 0 ? ignoreLabel : label));
    const weights = Array.from(rng.uniform([40]).data);
    const kept = all.flatMap((label, i) => (label === ignoreLabel ? [] : [i]));
    const [with_, without] = [make(), plain()];
    with_.update({ labels: all, logits, weights });
    without.update({
      labels: kept.map((i) => all[i]!),
      logits: kept.flatMap((i) => [...logits.slice(3 * i, 3 * i + 3)]),
      weights: kept.map((i) => weights[i]!),
    });
    expect(with_.result()).toBeCloseTo(without.result(), 14);
    // A batch of padding alone changes nothing, and is an update without examples.
    const before = with_.result();
    with_.update({ labels: [ignoreLabel, ignoreLabel], logits: [1, 2, 3, 4, 5, 6] });
    expect(with_.result()).toBe(before);
    const empty = make();
    empty.update({ labels: [ignoreLabel], logits: [1, 2, 3] });
    expect(() => empty.result()).toThrow(/at least one update/);
    expect(() => plain().update({ labels: [ignoreLabel], logits: [1, 2, 3] })).toThrow(/whole numbers from 0 to 2/);
  },
);

const areas: readonly [string, typeof RocAuc | typeof AveragePrecision, number | undefined][] = [
  ["RocAuc", RocAuc, undefined],
  ["RocAuc at thresholds", RocAuc, 20],
  ["AveragePrecision", AveragePrecision, undefined],
  ["AveragePrecision at thresholds", AveragePrecision, 20],
];

describe.each(areas)("%s leaves ignored labels out", (_, Of, thresholds) => {
  const coarse = thresholds === undefined ? {} : { thresholds };
  const weights = Array.from(rng.uniform([60]).data);

  test.each(["micro", "macro", "weighted"] as const)("of classes, %s", (average) => {
    const scores = Array.from(rng.uniform([60, 3]).data);
    const all = Array.from(rng.integers([60], 0, 3).data, (label, i) => (i % 4 === 0 ? ignoreLabel : label));
    const kept = all.flatMap((label, i) => (label === ignoreLabel ? [] : [i]));
    const options = { classes: 3, average, ...coarse };
    const [with_, without] = [new Of({ ...options, ignoreLabel }), new Of(options)];
    with_.update({ labels: [ignoreLabel, ignoreLabel], scores: [0, 0, 1, 1, 0, 0] });
    expect(() => with_.result()).toThrow(/at least one update/);
    with_.update({ labels: all, scores, weights });
    without.update({
      labels: kept.map((i) => all[i]!),
      scores: kept.flatMap((i) => scores.slice(3 * i, 3 * i + 3)),
      weights: kept.map((i) => weights[i]!),
    });
    expect(with_.result()).toBe(without.result());
    expect(with_.state()).toEqual(without.state());
    expect(() => without.update({ labels: [ignoreLabel], scores: [0, 0, 1] })).toThrow(/whole numbers from 0 to 2/);
  });

  test("of a yes-or-no question", () => {
    const [with_, without] = [new Of({ task: "binary", ignoreLabel, ...coarse }), new Of({ task: "binary", ...coarse })];
    with_.update({ labels: [0, ignoreLabel, 1, 1], scores: [0.2, 0.9, 0.1, 0.8] });
    without.update({ labels: [0, 1, 1], scores: [0.2, 0.1, 0.8] });
    expect(with_.result()).toBe(without.result());
    expect(() => without.update({ labels: [ignoreLabel], scores: [0.5] })).toThrow(/expected 0 or 1 in labels/);
  });

  test("of labels, one by one: each label is judged by the examples that have it", () => {
    const scores = Array.from(rng.uniform([60, 2]).data);
    const all = Array.from(rng.integers([60, 2], 0, 2).data, (label, i) => (i % 5 === 0 || i === 12 || i === 13 ? ignoreLabel : label));
    const both = new Of({ task: "multilabel", labelCount: 2, ignoreLabel, ...coarse });
    both.update({ labels: all, scores, weights });
    const column = (of: readonly number[], label: number): number[] => of.filter((_, i) => i % 2 === label);
    const alone = [0, 1].map((label) => {
      const own = new Of({ task: "binary", ignoreLabel, ...coarse });
      own.update({ labels: column(all, label), scores: column(scores, label), weights });
      return own.result();
    });
    expect([...both.perClass()]).toEqual(alone);
    expect(both.result()).toBe((alone[0]! + alone[1]!) / 2);
    const together = new Of({ task: "multilabel", labelCount: 2, average: "micro", ignoreLabel, ...coarse });
    together.update({ labels: all, scores, weights });
    const flat = new Of({ task: "binary", ignoreLabel, ...coarse });
    flat.update({ labels: all, scores, weights: weights.flatMap((weight) => [weight, weight]) });
    expect(together.result()).toBeCloseTo(flat.result(), 12);
  });
});

test("MultilabelAgreement by hand: ignored labels are neither right nor wrong, and an example of them alone is none", () => {
  const agreement = new MultilabelAgreement({ labelCount: 2, ignoreLabel });
  agreement.update({ labels: [ignoreLabel, ignoreLabel], predictions: [1, 0] });
  expect(() => agreement.result()).toThrow(/at least one update/);
  // Right but for what is ignored, wrong in one of two, and weighing three, wrong in one of one.
  agreement.update({ labels: [ignoreLabel, 1, 0, 1, 0, ignoreLabel], predictions: [1, 1, 0, 0, 1, 1], weights: [1, 1, 3] });
  expect(agreement.result()).toEqual({ subsetAccuracy: 1 / 5, hammingLoss: (1 + 3) / (1 + 2 + 3) });
  const restored = new MultilabelAgreement({ labelCount: 2, ignoreLabel });
  restored.restore(JSON.parse(JSON.stringify(agreement.state())));
  restored.merge(agreement);
  expect(restored.result()).toEqual(agreement.result());
  // A state from before labels were counted.
  restored.restore({ exact: 1, wrong: 1, count: 2 });
  expect(restored.result()).toEqual({ subsetAccuracy: 0.5, hammingLoss: 0.25 });
  expect(() => new MultilabelAgreement({ labelCount: 1 }).update({ labels: [ignoreLabel], predictions: [1] })).toThrow(/expected 0 or 1/);
});
