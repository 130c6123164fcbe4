import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { regressions } from "../../fixtures/regression.ts";
import type { Metric } from "../metric.ts";
import { ExplainedVariance } from "./explained-variance.ts";
import { KendallCorrelation } from "./kendall-correlation.ts";
import { MaxError } from "./max-error.ts";
import { MeanAbsoluteError } from "./mean-absolute-error.ts";
import { MeanAbsolutePercentageError } from "./mean-absolute-percentage-error.ts";
import { meanRanks } from "./mean-ranks.ts";
import { MeanSquaredError } from "./mean-squared-error.ts";
import { MeanSquaredLogError } from "./mean-squared-log-error.ts";
import { MedianAbsoluteError } from "./median-absolute-error.ts";
import { PearsonCorrelation } from "./pearson-correlation.ts";
import { PinballLoss } from "./pinball-loss.ts";
import { R2Score } from "./r2-score.ts";
import type { RegressionInputs } from "./regression-inputs.ts";
import { RootMeanSquaredError } from "./root-mean-squared-error.ts";
import { SpearmanCorrelation } from "./spearman-correlation.ts";
import { TweedieDeviance } from "./tweedie-deviance.ts";

type Any = Metric<RegressionInputs, number, unknown>;
const of = (metric: unknown, inputs: RegressionInputs): number => {
  (metric as Any).update(inputs);
  return (metric as Any).result();
};

describe.each(regressions)("scikit-learn and scipy", (fixture) => {
  const plain = { targets: fixture.y_true, predictions: fixture.y_pred };
  const positive = { targets: fixture.y_true_positive, predictions: fixture.y_pred_positive };
  const weighted = { ...plain, weights: fixture.weights };
  test.each([
    ["mse", new MeanSquaredError(), plain],
    ["rmse", new RootMeanSquaredError(), plain],
    ["mae", new MeanAbsoluteError(), plain],
    ["median_ae", new MedianAbsoluteError(), plain],
    ["r2", new R2Score(), plain],
    ["explained_variance", new ExplainedVariance(), plain],
    ["max_error", new MaxError(), plain],
    ["mape", new MeanAbsolutePercentageError(), positive],
    ["msle", new MeanSquaredLogError(), positive],
    ["weighted_mse", new MeanSquaredError(), weighted],
    ["weighted_r2", new R2Score(), weighted],
    ["pinball_02", new PinballLoss({ quantile: 0.2 }), plain],
    ["poisson_deviance", new TweedieDeviance({ power: 1 }), positive],
    ["gamma_deviance", new TweedieDeviance({ power: 2 }), positive],
    ["pearson", new PearsonCorrelation(), plain],
    ["spearman", new SpearmanCorrelation(), plain],
    ["kendall", new KendallCorrelation(), plain],
  ] as const)("%s", (name, metric, inputs) => {
    expect(of(metric, inputs)).toBeCloseTo(fixture[name], 9);
  });
});

const number = fc.integer({ min: -8, max: 8 });
const pairs = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 20 });
const inputsOf = (rows: readonly (readonly [number, number])[]): RegressionInputs => ({
  targets: rows.map(([y]) => y),
  predictions: rows.map(([, p]) => p),
});
const all: readonly (() => unknown)[] = [
  () => new MeanSquaredError(),
  () => new RootMeanSquaredError(),
  () => new MeanAbsoluteError(),
  () => new MedianAbsoluteError(),
  () => new R2Score(),
  () => new ExplainedVariance(),
  () => new MaxError(),
  () => new MeanAbsolutePercentageError(),
  () => new PinballLoss(),
  () => new PearsonCorrelation(),
  () => new SpearmanCorrelation(),
  () => new KendallCorrelation(),
];

test.each(all.map((make) => [(make() as object).constructor.name, make as () => Any] as const))(
  "%s: parts merged are the whole, order does not matter, a restored state goes on",
  (_, make) => {
    fc.assert(
      fc.property(pairs, pairs, (left, right) => {
        // Constant targets or predictions are at the mercy of rounding: 0 ÷ 0 or a tiny variance.
        const whole = [...left, ...right];
        fc.pre(new Set(whole.map(([y]) => y)).size > 1 && new Set(whole.map(([, p]) => p)).size > 1);
        const expected = of(make(), inputsOf(whole));
        const close = (value: number): void =>
          expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
        close(of(make(), inputsOf(whole.toReversed())));
        const [a, b] = [make(), make()];
        a.update(inputsOf(left));
        b.update(inputsOf(right));
        a.merge(b as never);
        close(a.result());
        const resumed = make();
        resumed.restore(JSON.parse(JSON.stringify(a.state())));
        expect(resumed.result()).toBe(a.result());
        a.reset();
        expect(() => a.result()).toThrow("at least one update");
      }),
      { numRuns: 40 },
    );
  },
);

test("Kendall by counting every pair", () => {
  fc.assert(
    fc.property(pairs, (rows) => {
      let [order, freeY, freeP] = [0, 0, 0];
      for (const [i, [y, p]] of rows.entries()) {
        for (const [otherY, otherP] of rows.slice(i + 1)) {
          order += Math.sign(y - otherY) * Math.sign(p - otherP);
          freeY += Number(y !== otherY);
          freeP += Number(p !== otherP);
        }
      }
      fc.pre(freeY * freeP > 0);
      expect(of(new KendallCorrelation(), inputsOf(rows))).toBeCloseTo(order / Math.sqrt(freeY * freeP), 12);
    }),
  );
});

test("ties share ranks", () => {
  expect(meanRanks([3, 1, 3, 2])).toEqual(Float64Array.of(3.5, 1, 3.5, 2));
});

test("a weight of 2 is an example twice, a weight of 0 is none", () => {
  for (const make of [() => new MeanSquaredError(), () => new R2Score(), () => new PearsonCorrelation()]) {
    const weighted = of(make(), { targets: [1, 2, 4, 7], predictions: [1, 3, 3, 9], weights: [1, 2, 1, 0] });
    expect(weighted).toBeCloseTo(of(make(), { targets: [1, 2, 2, 4], predictions: [1, 3, 3, 3] }), 12);
  }
});

test("constant targets: R² is 1 if met, otherwise 0; correlation is not a number", () => {
  expect(of(new R2Score(), { targets: [2, 2], predictions: [2, 2] })).toBe(1);
  expect(of(new R2Score(), { targets: [2, 2], predictions: [2, 3] })).toBe(0);
  expect(of(new PearsonCorrelation(), { targets: [2, 2], predictions: [2, 3] })).toBeNaN();
});

test("constant is what is the same everywhere, though its mean may be a rounding error off", () => {
  // (0.1 + 0.1 + 0.1) ÷ 3 is not 0.1.
  const [constant, others] = [new Array<number>(3).fill(0.1), [0.2, 0.2, 0.3]];
  expect(of(new R2Score(), { targets: constant, predictions: others })).toBe(0);
  expect(of(new R2Score(), { targets: constant, predictions: constant })).toBe(1);
  expect(of(new ExplainedVariance(), { targets: constant, predictions: others })).toBe(0);
  expect(of(new PearsonCorrelation(), { targets: others, predictions: constant, weights: [0.3, 0.3, 0.1] })).toBeNaN();
  const correlation = new PearsonCorrelation();
  for (const size of [3, 7, 6]) {
    correlation.update({ targets: Array.from({ length: size }, (_, i) => i * size), predictions: new Array<number>(size).fill(0.1) });
  }
  expect(correlation.result()).toBeNaN();
});

test("what does not fit is an error, and adds nothing", () => {
  const error = new MeanSquaredLogError();
  expect(() => error.update({ targets: [], predictions: [] })).toThrow("expected at least one example");
  expect(() => error.update({ targets: [1], predictions: [1, 2] })).toThrow("got 1 numbers of targets and 2 numbers of predictions");
  expect(() => error.update({ targets: [1], predictions: [Number.NaN] })).toThrow("got NaN at 0");
  expect(() => error.update({ targets: [1, -2], predictions: [1, 1] })).toThrow("expected numbers above -1, got target -2");
  expect(() => error.update({ targets: [1], predictions: [1], weights: [-1] })).toThrow("expected weights of at least 0, got -1");
  expect(() => error.update({ targets: [1], predictions: [1], weights: [0] })).toThrow("expected a weight above 0");
  expect(() => error.update({ targets: [1], predictions: [1], weights: [1, 1] })).toThrow("a weight for each of 1 examples");
  expect(() => error.result()).toThrow("MeanSquaredLogError.result: expected at least one update");
  expect(() => new PinballLoss({ quantile: 2 })).toThrow("expected a quantile from 0 to 1, got 2");
  expect(() => new TweedieDeviance({ power: 0.5 })).toThrow("a power of 0 or of at least 1, got 0.5");
  expect(() => of(new TweedieDeviance({ power: 2 }), { targets: [0], predictions: [1] })).toThrow("targets above 0 for power 2");
  expect(() => new PinballLoss({ quantile: 0.1 }).merge(new PinballLoss())).toThrow(
    "expected equal options, got quantile 0.1 and quantile 0.5",
  );
});
