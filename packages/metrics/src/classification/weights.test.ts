import { fromNested } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Metric } from "../metric.ts";
import { Accuracy } from "./accuracy.ts";
import { BrierScore } from "./brier-score.ts";
import { CalibrationError } from "./calibration-error.ts";
import { CohenKappa } from "./cohen-kappa.ts";
import { FBeta } from "./f-beta.ts";
import { LogLoss } from "./log-loss.ts";
import { MatthewsCorrelation } from "./matthews-correlation.ts";
import { MultilabelAgreement } from "./multilabel-agreement.ts";
import { Precision } from "./precision.ts";
import { RocAuc } from "./roc-auc.ts";
import { Specificity } from "./specificity.ts";
import { TopKAccuracy } from "./top-k-accuracy.ts";

type Row = readonly [label: number, scores: readonly number[], weight: number];
const row = fc.tuple(
  fc.integer({ min: 0, max: 2 }),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  fc.integer({ min: 0, max: 3 }),
);
const rows = fc.array(row, { minLength: 1, maxLength: 12 }).filter((all) => all.some(([, , weight]) => weight > 0));
const scoresOf = (all: readonly Row[]): number[] => all.flatMap(([, scores]) => scores);
const probabilitiesOf = (all: readonly Row[]): number[] =>
  all.flatMap(([, scores]) => scores.map((score) => score / scores.reduce((a, b) => a + b)));

describe("a weight of 2 is an example twice, a weight of 0 is none", () => {
  const repeat = (all: readonly Row[]): Row[] => all.flatMap((one) => Array.from({ length: one[2] }, () => one));
  test.each([
    ["Accuracy", () => new Accuracy(), "scores"],
    ["TopKAccuracy", () => new TopKAccuracy({ k: 2 }), "scores"],
    ["FBeta", () => new FBeta({ classes: 3 }), "scores"],
    ["Specificity", () => new Specificity({ classes: 3, average: "weighted" }), "scores"],
    ["CohenKappa", () => new CohenKappa({ classes: 3, weights: "linear" }), "scores"],
    ["MatthewsCorrelation", () => new MatthewsCorrelation({ classes: 3 }), "scores"],
    ["LogLoss", () => new LogLoss(), "probabilities"],
    ["BrierScore", () => new BrierScore(), "probabilities"],
    ["CalibrationError", () => new CalibrationError({ bins: 4 }), "probabilities"],
  ] as const)("%s", (_, make, kind) => {
    fc.assert(
      fc.property(rows, (all) => {
        const read = (some: readonly Row[]): object => ({
          labels: some.map(([label]) => label),
          [kind]: kind === "scores" ? scoresOf(some) : probabilitiesOf(some),
        });
        const [weighted, repeated] = [make(), make()] as Metric<object, number, unknown>[];
        weighted!.update({ ...read(all), weights: all.map(([, , weight]) => weight) });
        repeated!.update(read(repeat(all)));
        if (Number.isNaN(repeated!.result())) expect(weighted!.result()).toBeNaN();
        else expect(weighted!.result()).toBeCloseTo(repeated!.result(), 10);
      }),
      { numRuns: 30 },
    );
  });

  test("multilabel, a weight a row", () => {
    const labels = [1, 0, 0, 1];
    const predictions = [1, 0, 1, 0];
    const agreement = new MultilabelAgreement({ labelCount: 2 });
    agreement.update({ labels, predictions, weights: [3, 1] });
    expect(agreement.result()).toEqual({ subsetAccuracy: 3 / 4, hammingLoss: 2 / 8 });
    const precision = new Precision({ task: "multilabel", labelCount: 2, average: "micro" });
    precision.update({ labels, predictions, weights: [3, 1] });
    expect(precision.result()).toBe(3 / 4);
  });
});

test("nothing that could be specific is 0 ÷ 0, whatever rounding the weights leave", () => {
  // 0.1 + 0.2 + 0.3 − (0.1 + 0.3) − 0.2 is not 0.
  const inputs = { labels: [1, 1, 1], predictions: [1, 0, 1], weights: [0.1, 0.2, 0.3] };
  const binary = new Specificity({ task: "binary" });
  binary.update(inputs);
  expect(binary.result()).toBe(0);
  const multiclass = new Specificity({ classes: 2, zeroDivision: "omit" });
  multiclass.update(inputs);
  expect(multiclass.perClass()[0]).toBeCloseTo(2 / 3, 15);
  expect(multiclass.perClass()[1]).toBeNaN();
});

test("a state of before, without true negatives, is read; parts and states keep them", () => {
  const make = () => new Specificity({ task: "multilabel", labelCount: 2, average: "micro" });
  const [whole, part, resumed] = [make(), make(), make()];
  whole.update({ labels: [0, 1, 0, 0], predictions: [0, 1, 1, 0] });
  expect(whole.result()).toBe(2 / 3);
  const { trueNegatives, ...before } = whole.state();
  expect(trueNegatives).toEqual([1, 1]);
  resumed.restore(before);
  expect(resumed.result()).toBe(2 / 3);
  part.restore(JSON.parse(JSON.stringify(whole.state())));
  part.merge(resumed);
  expect(part.state().trueNegatives).toEqual([2, 2]);
});

test("rows of labels are as long as labelCount: a tensor of other rows is refused, though its numbers would fit", () => {
  const labels = fromNested([
    [1, 0, 1, 0],
    [0, 1, 0, 1],
    [1, 1, 1, 1],
  ]);
  for (const metric of [
    new Precision({ task: "multilabel", labelCount: 3 }),
    new RocAuc({ task: "multilabel", labelCount: 3 }),
    new MultilabelAgreement({ labelCount: 6 }),
  ]) {
    expect(() => metric.update({ labels, scores: labels })).toThrow(/expected rows of [36] labels, got shape \[3, 4\]/);
  }
});

test("ignored labels are as if they had not come", () => {
  const metrics = [
    () => new Accuracy({ ignoreLabel: -100 }),
    () => new FBeta({ classes: 3, ignoreLabel: -100 }),
    () => new CohenKappa({ classes: 3, ignoreLabel: -100 }),
    () => new Specificity({ classes: 3, ignoreLabel: -100 }),
  ];
  for (const make of metrics) {
    const [padded, bare] = [make(), make()];
    padded.update({ labels: [0, -100, 2, 1, -100], predictions: [0, 1, 1, 1, 0] });
    bare.update({ labels: [0, 2, 1], predictions: [0, 1, 1] });
    expect(padded.result()).toBe(bare.result());
  }
  const topTwo = new TopKAccuracy({ k: 2, ignoreLabel: -1 });
  topTwo.update({
    labels: [0, -1],
    scores: fromNested([
      [1, 2, 0],
      [9, 0, 0],
    ]),
  });
  expect(topTwo.result()).toBe(1);
  const labels = new Precision({ task: "multilabel", labelCount: 2, ignoreLabel: -1 });
  labels.update({ labels: [1, -1, 0, 1], predictions: [1, 1, 0, 1] });
  expect([...labels.perClass()]).toEqual([1, 1]);
});

test("all ignored is nothing; a label that is no class is still an error", () => {
  const accuracy = new Accuracy({ classes: 3, ignoreLabel: -100 });
  accuracy.update({ labels: [-100], predictions: [1] });
  expect(() => accuracy.result()).toThrow("at least one update");
  expect(() => accuracy.update({ labels: [-1], predictions: [1] })).toThrow("got -1 at 0");
  expect(() => accuracy.update({ labels: [1], predictions: [1], weights: [Number.NaN] })).toThrow(
    "expected weights of at least 0, got NaN",
  );
  expect(() =>
    new Precision({ task: "multilabel", labelCount: 2 }).update({ labels: [1, 0], predictions: [1, 0], weights: [1, 1] }),
  ).toThrow("a weight for each of 1 examples");
});
