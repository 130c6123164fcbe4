import { expect, test } from "vitest";
import { averages } from "../../fixtures/averages.ts";
import type { Metric } from "../metric.ts";
import { ExplainedVariance } from "./explained-variance.ts";
import { MeanAbsoluteError } from "./mean-absolute-error.ts";
import { MeanSquaredError } from "./mean-squared-error.ts";
import { MedianAbsoluteError } from "./median-absolute-error.ts";
import { MultiOutput } from "./multi-output.ts";
import { R2Score } from "./r2-score.ts";
import type { RegressionInputs } from "./regression-inputs.ts";
import { RootMeanSquaredError } from "./root-mean-squared-error.ts";

const { targets, predictions, weights, scores } = averages.regression;
const own = [0.5, 0.25, 0.25];

const cases: readonly [string, () => Metric<RegressionInputs, number, unknown>][] = [
  ["r2", () => new R2Score()],
  ["explained", () => new ExplainedVariance()],
  ["squared", () => new MeanSquaredError()],
  ["absolute", () => new MeanAbsoluteError()],
  ["median", () => new MedianAbsoluteError()],
  ["root", () => new RootMeanSquaredError()],
];

test.each(cases)("%s of several outputs equals scikit-learn's, raw and by each average", (name, create) => {
  for (const weighted of [false, true]) {
    const expected = scores[name]![weighted ? "weighted" : "plain"];
    if (expected === undefined) continue;
    const resultOf = (average: "uniform" | "variance" | readonly number[]) => {
      const metric = new MultiOutput(create, { outputs: 3, average });
      // In two batches: the answer is that of the whole.
      metric.update({
        targets: targets.slice(0, 30),
        predictions: predictions.slice(0, 30),
        ...(weighted && { weights: weights.slice(0, 10) }),
      });
      metric.update({ targets: targets.slice(30), predictions: predictions.slice(30), ...(weighted && { weights: weights.slice(10) }) });
      return metric.result();
    };
    for (const [c, value] of expected.raw.entries()) expect(resultOf("uniform").outputs[c]).toBeCloseTo(value, 10);
    expect(resultOf("uniform").average).toBeCloseTo(expected.uniform, 10);
    expect(resultOf(own).average).toBeCloseTo(expected.own, 10);
    if (expected.variance !== undefined) expect(resultOf("variance").average).toBeCloseTo(expected.variance, 10);
  }
});

test("constant columns weigh nothing by variance, unless all are constant", () => {
  const metric = new MultiOutput(() => new R2Score(), { outputs: 2, average: "variance" });
  metric.update({ targets: [1, 5, 2, 5, 3, 5], predictions: [1, 4, 2, 4, 4, 4] });
  expect(metric.result().outputs[1]).toBe(0);
  expect(metric.result().average).toBeCloseTo(0.5, 14);
  metric.reset();
  metric.update({ targets: [1, 5, 1, 5], predictions: [1, 4, 1, 4] });
  expect(metric.result()).toEqual({ outputs: Float64Array.of(1, 0), average: 0.5 });
  metric.reset();
  // The mean of three 0.1 is not 0.1.
  metric.update({ targets: [0.1, 0.1, 0.1, 0.1, 0.1, 0.1], predictions: [0.1, 0.2, 0.1, 0.2, 0.1, 0.2] });
  expect(metric.result()).toEqual({ outputs: Float64Array.of(1, 0), average: 0.5 });
});

test("a batch refused for its second column has added nothing to the first", () => {
  const metric = new MultiOutput(() => new MeanSquaredError(), { outputs: 2 });
  metric.update({ targets: [1, 1], predictions: [1, 1] });
  const before = metric.state();
  expect(() => metric.update({ targets: [1, 1], predictions: [3, Number.NaN] })).toThrow("got NaN");
  expect(metric.state()).toEqual(before);
});

test("parts, states and wrong inputs", () => {
  const make = () => new MultiOutput(() => new R2Score(), { outputs: 3, average: "variance" });
  const [whole, first, second] = [make(), make(), make()];
  whole.update({ targets, predictions });
  first.update({ targets: targets.slice(0, 30), predictions: predictions.slice(0, 30) });
  second.update({ targets: targets.slice(30), predictions: predictions.slice(30) });
  first.merge(second);
  expect(first.result().average).toBeCloseTo(whole.result().average, 12);
  const restored = make();
  restored.restore(JSON.parse(JSON.stringify(whole.state())));
  expect(restored.result()).toEqual(whole.result());
  expect(() => make().update({ targets: [1, 2], predictions: [1, 2] })).toThrow(/targets in rows of 3, got 2 numbers/);
  expect(() => make().update({ targets: [1, 2, 3], predictions: [1, 2, 3, 4, 5, 6] })).toThrow(/a prediction for each of 3 targets, got 6/);
  expect(() => make().update({ targets: [], predictions: [] })).toThrow(/at least one example, got none in targets/);
  expect(() => make().result()).toThrow(/at least one update/);
  expect(() => new MultiOutput(() => new R2Score(), { outputs: 0 })).toThrow(/outputs ≥ 1, got 0/);
  expect(() => new MultiOutput(() => new R2Score(), { outputs: 2, average: [0, 0] })).toThrow(/not all 0/);
});
