import { Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binaryProblems, multiclassProblems, multilabelProblems } from "../../fixtures/classification.ts";
import { AveragePrecision } from "./average-precision.ts";
import { precisionRecallCurve, rocCurve } from "./curves.ts";
import { RocAuc } from "./roc-auc.ts";

const expectClose = (actual: ArrayLike<number>, expected: readonly (number | string)[]): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (Number.isFinite(Number(value))) expect(actual[i]).toBeCloseTo(Number(value), 12);
    else expect(actual[i]).toBe(Number(value));
  });
};

describe.each(binaryProblems)("scikit-learn, binary", (problem) => {
  const inputs = { labels: problem.y_true, scores: problem.scores };
  test("ROC curve, with and without points on straight lines", () => {
    for (const [expected, dropCollinear] of [
      [problem.roc, true],
      [problem.roc_all_points, false],
    ] as const) {
      const curve = rocCurve(inputs, { dropCollinear });
      expectClose(curve.falsePositiveRates, expected.fpr);
      expectClose(curve.truePositiveRates, expected.tpr);
      expectClose(curve.thresholds, expected.thresholds);
    }
  });

  test("precision-recall curve", () => {
    const curve = precisionRecallCurve(inputs);
    expectClose(curve.precisions, problem.pr_curve.precision);
    expectClose(curve.recalls, problem.pr_curve.recall);
    expectClose(curve.thresholds, problem.pr_curve.thresholds);
  });

  test("areas", () => {
    const [auc, precision] = [new RocAuc({ task: "binary" }), new AveragePrecision({ task: "binary" })];
    auc.update(inputs);
    precision.update(inputs);
    expect(auc.result()).toBeCloseTo(problem.roc_auc, 12);
    expect(precision.result()).toBeCloseTo(problem.average_precision, 12);
    expectClose(auc.curve().truePositiveRates, problem.roc.tpr);
    expectClose(precision.curve().recalls, problem.pr_curve.recall);
  });
});

describe.each(multiclassProblems.filter(({ roc_auc }) => roc_auc !== undefined))("scikit-learn, $classes classes", (problem) => {
  test("each against the rest, and each against each", () => {
    const inputs = { labels: problem.y_true, scores: problem.probs.flat() };
    for (const average of ["macro", "weighted"] as const) {
      const auc = new RocAuc({ classes: problem.classes, average });
      auc.update(inputs);
      expect(auc.result()).toBeCloseTo(problem.roc_auc![`ovr_${average}`], 12);
      expect(auc.oneAgainstOne({ average })).toBeCloseTo(problem.roc_auc![`ovo_${average}`], 12);
    }
  });
});

describe.each(multilabelProblems)("scikit-learn, multilabel", (problem) => {
  test.each(["micro", "macro", "weighted", "samples"] as const)("%s", (average) => {
    const usable = (rows: readonly (readonly number[])[]): number[] => rows.flatMap((row) => problem.usable_columns.map((c) => row[c]!));
    const inputs = { labels: usable(problem.y_true), scores: usable(problem.scores) };
    const options = { task: "multilabel", labelCount: problem.usable_columns.length, average } as const;
    const [auc, precision] = [new RocAuc(options), new AveragePrecision(options)];
    auc.update(inputs);
    precision.update(inputs);
    if (average !== "samples") expect(auc.result()).toBeCloseTo(problem.roc_auc[average], 12);
    expect(precision.result()).toBeCloseTo(problem.average_precision[average], 12);
  });
});

test("of samples scikit-learn counts 0 where nothing is a yes, and 1 where all is", () => {
  const precision = new AveragePrecision({ task: "multilabel", labelCount: 2, average: "samples" });
  precision.update({ labels: [0, 0, 1, 1, 1, 0], scores: [0.3, 0.9, 0.2, 0.4, 0.1, 0.7] });
  expect(precision.result()).toBeCloseTo((0 + 1 + 0.5) / 3, 12);
});

const example = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 8 }));
const examples = fc.array(example, { minLength: 2, maxLength: 30 }).filter((all) => new Set(all.map(([label]) => label)).size === 2);
const inputsOf = (all: readonly (readonly [number, number])[]) => ({
  labels: all.map(([label]) => label),
  scores: all.map(([, score]) => score / 8),
});

test("the area is the share of pairs in order, ties counting half", () => {
  fc.assert(
    fc.property(examples, (all) => {
      let [order, pairs] = [0, 0];
      for (const [label, score] of all) {
        for (const [other, otherScore] of all) {
          if (label !== 1 || other !== 0) continue;
          order += score > otherScore ? 1 : score === otherScore ? 0.5 : 0;
          pairs++;
        }
      }
      const auc = new RocAuc({ task: "binary" });
      auc.update(inputsOf(all));
      expect(auc.result()).toBeCloseTo(order / pairs, 12);
    }),
  );
});

test("scores on the thresholds lose nothing by being binned; binned areas add up from parts", () => {
  fc.assert(
    fc.property(examples, examples, (left, right) => {
      for (const Of of [RocAuc, AveragePrecision]) {
        const [exact, a, b] = [
          new Of({ task: "binary" }),
          new Of({ task: "binary", thresholds: 9 }),
          new Of({ task: "binary", thresholds: 9 }),
        ];
        exact.update(inputsOf([...left, ...right]));
        a.update(inputsOf(left));
        b.update(inputsOf(right));
        (a as RocAuc).merge(b as RocAuc);
        expect(a.result()).toBeCloseTo(exact.result(), 12);
        const resumed = new Of({ task: "binary", thresholds: 9 });
        resumed.restore(JSON.parse(JSON.stringify(a.state())));
        expect(resumed.result()).toBe(a.result());
      }
    }),
  );
});

test("a score with the weight 0 is no threshold, as in scikit-learn", () => {
  const inputs = { labels: [0, 1, 1, 0, 0], scores: [0.9, 0.8, 0.4, 0.3, 0.1], weights: [0, 1, 1, 0, 1] };
  const bare = { labels: [1, 1, 0], scores: [0.8, 0.4, 0.1] };
  expect(rocCurve(inputs)).toEqual(rocCurve(bare));
  expect(precisionRecallCurve(inputs)).toEqual(precisionRecallCurve(bare));
  expect([...precisionRecallCurve(inputs).thresholds]).toEqual([0.1, 0.4, 0.8]);
});

test("parts merged are the whole, exactly; weights are examples repeated", () => {
  fc.assert(
    fc.property(examples, examples, (left, right) => {
      const [whole, a, b, weighted] = [0, 1, 2, 3].map(() => new RocAuc({ task: "binary" })) as RocAuc[];
      whole!.update(inputsOf([...left, ...right, ...right]));
      a!.update(inputsOf(left));
      b!.update(inputsOf([...right, ...right]));
      a!.merge(b!);
      weighted!.update({ ...inputsOf([...left, ...right]), weights: [...left.map(() => 1), ...right.map(() => 2)] });
      expect(a!.result()).toBeCloseTo(whole!.result(), 12);
      expect(weighted!.result()).toBeCloseTo(whole!.result(), 12);
    }),
  );
});

test("1,001 thresholds come near the exact area with two numbers a threshold", () => {
  const rng = new Rng(1);
  const labels = Array.from({ length: 2000 }, () => rng.integer(0, 2));
  const scores = labels.map((label) => Math.min(1, Math.max(0, rng.float(0, 0.8) + 0.2 * label)));
  const [exact, binned] = [new RocAuc({ task: "binary" }), new RocAuc({ task: "binary", thresholds: 1001 })];
  exact.update({ labels, scores });
  binned.update({ labels, scores });
  expect(Math.abs(exact.result() - binned.result())).toBeLessThan(1e-3);
  expect(binned.state().columns.flat().length).toBe(2 * 1001);
});

test("what does not fit is an error", () => {
  const auc = new RocAuc({ classes: 3 });
  expect(() => auc.result()).toThrow("RocAuc.result: expected at least one update");
  auc.update({ labels: [0, 1], scores: [1, 0, 0, 0, 1, 0] });
  expect(() => auc.result()).toThrow("expected yes and no examples of class 2, got only one kind");
  expect([...auc.perClass()]).toEqual([1, 1, Number.NaN]);
  expect(() => auc.oneAgainstOne()).toThrow("got none of class 2");
  expect(() => new RocAuc({ task: "binary", thresholds: 1 })).toThrow("expected at least 2 thresholds, got 1");
  expect(() => new RocAuc({ task: "binary", thresholds: 5 }).update({ labels: [1], scores: [3] })).toThrow("expected probabilities");
  expect(() => new RocAuc({ task: "binary" }).oneAgainstOne()).toThrow("expected a multiclass task");
  expect(() => new RocAuc({ task: "binary" }).merge(new RocAuc({ task: "binary", thresholds: 4 }))).toThrow(
    "1 with exact thresholds and 1 with 4",
  );
  expect(() => rocCurve({ labels: [1, 1], scores: [1, 2] })).toThrow("expected yes and no examples, got 2 and 0");
  expect(() => precisionRecallCurve({ labels: [0], scores: [1] })).toThrow("expected a yes example, got none");
  expect(() => rocCurve({ labels: [2], scores: [1] })).toThrow("expected 0 or 1 in labels, got 2 at 0");
});
