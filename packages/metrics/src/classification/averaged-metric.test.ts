import { fromNested, Rng } from "@dl/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AveragedFixture, binaryProblems, multiclassProblems, multilabelProblems } from "../../fixtures/classification.ts";
import { bootstrapInterval } from "../significance/bootstrap.ts";
import { mcNemar } from "../significance/mcnemar.ts";
import { Accuracy } from "./accuracy.ts";
import type { AveragedMetric, AveragedOptions } from "./averaged-metric.ts";
import { CalibrationError } from "./calibration-error.ts";
import type { ClassInputs } from "./class-inputs.ts";
import { CohenKappa } from "./cohen-kappa.ts";
import { normalizeConfusion } from "./confusion-matrix.ts";
import { FBeta } from "./f-beta.ts";
import { Jaccard } from "./jaccard.ts";
import type { ClassificationTask } from "./outcome-counter.ts";
import { Precision } from "./precision.ts";
import { Recall } from "./recall.ts";
import { RocAuc } from "./roc-auc.ts";
import { Specificity } from "./specificity.ts";

test("by hand: three of class 1, two of them found, one 0 taken for it", () => {
  const inputs = { labels: [0, 0, 1, 1, 1], predictions: [0, 1, 1, 1, 0] };
  const perClass = (metric: AveragedMetric): number[] => {
    metric.update(inputs);
    return [...metric.perClass()];
  };
  expect(perClass(new Precision({ classes: 2 }))).toEqual([1 / 2, 2 / 3]);
  expect(perClass(new Recall({ classes: 2 }))).toEqual([1 / 2, 2 / 3]);
  expect(perClass(new Specificity({ classes: 2 }))).toEqual([2 / 3, 1 / 2]);
  expect(perClass(new Jaccard({ classes: 2 }))).toEqual([1 / 3, 2 / 4]);
  expect(perClass(new FBeta({ classes: 2, beta: 2 }))[1]).toBeCloseTo((5 * 2) / (5 * 2 + 4 * 1 + 1), 15);
});

/** Every metric of a fixture row, for a task. */
function check(fixture: AveragedFixture, task: ClassificationTask, inputs: ClassInputs): void {
  const { average, zero_division: zeroDivision, labels } = fixture;
  const isAveraged = average === "micro" || average === "macro" || average === "weighted";
  const options: AveragedOptions = {
    ...task,
    zeroDivision,
    ...(isAveraged ? { average } : {}),
    ...(labels === null ? {} : { only: labels }),
  };
  const expectEqual = (metric: AveragedMetric, expected: number | readonly number[]): void => {
    metric.update(inputs);
    if (typeof expected === "number") expect(metric.result()).toBeCloseTo(expected, 12);
    else
      metric.perClass().forEach((value, c) => {
        expect(value).toBeCloseTo(expected[c]!, 12);
      });
  };
  expectEqual(new Precision(options), fixture.precision);
  expectEqual(new Recall(options), fixture.recall);
  expectEqual(new FBeta(options), fixture.f1);
  expectEqual(new Jaccard(options), fixture.jaccard);
  for (const [beta, expected] of Object.entries(fixture.fbeta)) expectEqual(new FBeta({ ...options, beta: Number(beta) }), expected);
}

describe("scikit-learn: precision, recall, F-beta, Jaccard", () => {
  const multiclass = multiclassProblems.flatMap((problem) =>
    problem.prf.map((prf) => ({
      ...prf,
      problem,
      name: `${problem.classes} classes, ${prf.average}, ${prf.zero_division}, only ${prf.labels}`,
    })),
  );
  test.each(multiclass)("$name", ({ problem, ...prf }) => {
    check(prf, { classes: problem.classes }, { labels: problem.y_true, predictions: problem.y_pred });
  });

  const binary = binaryProblems.flatMap((problem) =>
    problem.prf.map((prf) => ({ ...prf, problem, name: `binary, ${prf.average}, ${prf.zero_division}` })),
  );
  test.each(binary)("$name", ({ problem, ...prf }) => {
    // scikit-learn averages the yes and the no of a binary task as two classes.
    if (prf.average === "binary")
      check(prf, { task: "binary", threshold: problem.threshold }, { labels: problem.y_true, scores: problem.scores });
    else check(prf, { classes: 2 }, { labels: problem.y_true, predictions: problem.y_pred });
  });

  const multilabel = multilabelProblems.flatMap((problem) =>
    problem.prf
      .filter(({ average }) => average !== "samples")
      .map((prf) => ({ ...prf, problem, name: `multilabel, ${prf.average}, ${prf.zero_division}` })),
  );
  test.each(multilabel)("$name", ({ problem, ...prf }) => {
    check(prf, { task: "multilabel", labelCount: 4 }, { labels: problem.y_true.flat(), scores: problem.scores.flat() });
  });

  test("there was something to compare", () => {
    expect(multiclass.length).toBeGreaterThan(15);
    expect(binary.length).toBeGreaterThan(15);
    expect(multilabel.length).toBeGreaterThan(7);
  });
});

const batch = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 40 });
const inputsOf = (pairs: readonly (readonly [number, number])[]): ClassInputs => ({
  labels: pairs.map(([label]) => label),
  predictions: pairs.map(([, prediction]) => prediction),
});

test("micro-averaged precision, recall and F1 of all classes are accuracy", () => {
  fc.assert(
    fc.property(batch, (pairs) => {
      const accuracy = new Accuracy();
      accuracy.update(inputsOf(pairs));
      for (const metric of [Precision, Recall, FBeta].map((Of) => new Of({ classes: 4, average: "micro" }))) {
        metric.update(inputsOf(pairs));
        expect(metric.result()).toBeCloseTo(accuracy.result(), 12);
      }
    }),
  );
});

test("specificity of one class is recall of the rest", () => {
  fc.assert(
    fc.property(batch, (pairs) => {
      const specificity = new Specificity({ classes: 4 });
      specificity.update(inputsOf(pairs));
      const rest = new Recall({ task: "binary" });
      const { labels, predictions } = inputsOf(pairs);
      const isRest = (classes: ArrayLike<number>): number[] => Array.from(classes, (c) => (c === 2 ? 0 : 1));
      rest.update({ labels: isRest(labels as number[]), predictions: isRest(predictions as number[]) });
      expect(specificity.perClass()[2]).toBeCloseTo(rest.result(), 12);
    }),
  );
});

test("a choice that is none is an error, not another choice", () => {
  const untyped = (value: unknown): never => value as never;
  expect(() => new Recall({ classes: 2, average: untyped("mean") })).toThrow(
    "Recall: expected average micro, macro, weighted, samples, got mean.",
  );
  expect(() => new Recall({ classes: 2, zeroDivision: untyped("nan") })).toThrow("Recall: expected zeroDivision 0, 1, omit, got nan.");
  expect(() => new CohenKappa({ classes: 2, weights: untyped("squared") })).toThrow(
    "expected weights none, linear, quadratic, got squared",
  );
  expect(() => new CalibrationError({ norm: untyped("L1") })).toThrow("expected norm l1, l2, max, got L1");
  const confusion = { shape: [2, 2], dtype: "float64", data: Float64Array.of(1, 2, 3, 4) } as const;
  expect(() => normalizeConfusion(confusion, untyped("rows"))).toThrow("expected by true, predicted, all, got rows");
  const inputs = { labels: [0, 1], first: [0, 1], second: [1, 1] };
  expect(() => mcNemar(inputs, { method: untyped("chi2") })).toThrow("expected method auto, exact, corrected, got chi2");
  const options = { rng: new Rng(1), method: untyped("BCa") };
  expect(() => bootstrapInterval(8, ({ length }) => length, options)).toThrow("expected method percentile, bca, got BCa");
  // What binned scores are to be: there are no \`logits\` to pass.
  const binned = new RocAuc({ task: "binary", thresholds: 10 });
  expect(() => binned.update({ labels: [1], scores: [2] })).toThrow("Give their sigmoid or softmax, or leave thresholds out.");
});

test("parts merged are the whole, and a restored state goes on", () => {
  fc.assert(
    fc.property(batch, batch, (left, right) => {
      const whole = new FBeta({ classes: 4 });
      whole.update(inputsOf([...left, ...right]));
      const a = new FBeta({ classes: 4 });
      a.update(inputsOf(left));
      const b = new FBeta({ classes: 4 });
      b.update(inputsOf(right));
      a.merge(b);
      expect(a.result()).toBe(whole.result());
      const resumed = new FBeta({ classes: 4 });
      resumed.restore(JSON.parse(JSON.stringify(b.state())));
      resumed.update(inputsOf(left));
      expect(resumed.result()).toBe(whole.result());
    }),
  );
});

test("omit leaves undefined classes out of the mean, and says NaN of them", () => {
  const precision = new Precision({ classes: 3, zeroDivision: "omit" });
  precision.update({ labels: [0, 1, 2], predictions: [0, 0, 2] });
  expect([...precision.perClass()]).toEqual([0.5, Number.NaN, 1]);
  expect(precision.result()).toBe(0.75);
});

test("what does not fit is an error", () => {
  expect(() => new Precision({ classes: 1 })).toThrow("Precision: expected at least 2 classes, got 1");
  expect(() => new Precision({ classes: 3, only: [3] })).toThrow("expected at least one class from 0 to 2 in only, got [3]");
  expect(() => new Precision({ task: "multilabel", labelCount: 0 })).toThrow("expected a labelCount of at least 1, got 0");
  expect(() => new FBeta({ classes: 2, beta: -1 })).toThrow("expected a beta of at least 0, got -1");
  expect(() => new Recall({ classes: 2 }).result()).toThrow("Recall.result: expected at least one update");
  expect(() => new Recall({ task: "binary" }).update({ labels: [2], predictions: [0] })).toThrow("expected 0 or 1 in labels, got 2 at 0");
  expect(() => new Recall({ task: "multilabel", labelCount: 2 }).update({ labels: [1, 0, 1], predictions: [1, 0, 1] })).toThrow(
    "rows of 2 labels",
  );
  expect(() => new Recall({ task: "binary" }).update({ labels: [1], scores: fromNested([[0.2, 0.8]]) })).toThrow(
    "got 1 numbers of labels and shape [1, 2]",
  );
  expect(() => new Recall({ classes: 2 }).merge(new Recall({ classes: 3 }))).toThrow("Recall.merge: expected equal classes, got 2 and 3");
  expect(() => new Recall({ classes: 2 }).restore({ truePositives: [1], falsePositives: [1], falseNegatives: [1], totals: [1] })).toThrow(
    "Recall.restore",
  );
});
