/** Regressions with several targets an example: any metric of one target, column by column. */

import { DataError, OptionError, ShapeError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { flatNumbers, isHostTensor, type Numbers, nothingAdded, readWeights } from "../numbers.ts";
import type { RegressionInputs } from "./regression-inputs.ts";

export interface MultiOutputOptions {
  /** Targets an example. */
  readonly outputs: number;
  /**
   * How the columns become one number: all alike, by the variance of each column's targets (constant columns count nothing, unless all are
   * constant), or by weights of your own. Default `uniform`.
   */
  readonly average?: "uniform" | "variance" | readonly number[];
}

export interface MultiOutputResult {
  /** Of each column. */
  readonly outputs: Float64Array;
  /** Their average. */
  readonly average: number;
}

export interface MultiOutputState<S> {
  readonly columns: readonly S[];
  /** Weight, mean and sum of squares about it, of each column's targets. */
  readonly moments: readonly (readonly [number, number, number])[];
}

/**
 * @example
 * const r2 = new MultiOutput(() => new R2Score(), { outputs: 2 });
 * r2.update({ targets: [1, 10, 2, 20, 3, 30], predictions: [1, 10, 2, 20, 4, 30] });
 * r2.result().outputs[1]; // 1
 * r2.result().average.toFixed(2); // "0.75"
 */
export class MultiOutput<S> implements Metric<RegressionInputs, MultiOutputResult, MultiOutputState<S>> {
  readonly #create: () => Metric<RegressionInputs, number, S>;
  readonly #columns: readonly Metric<RegressionInputs, number, S>[];
  readonly #average: "uniform" | "variance" | readonly number[];
  #moments: (readonly [weight: number, mean: number, squares: number])[];

  /** `create` makes the metric of one column. */
  constructor(create: () => Metric<RegressionInputs, number, S>, { outputs, average = "uniform" }: MultiOutputOptions) {
    if (!Number.isInteger(outputs) || outputs < 1)
      throw new OptionError(`MultiOutput: expected a whole number of outputs ≥ 1, got ${outputs}.`);
    if (
      typeof average !== "string" &&
      (average.length !== outputs || average.some((weight) => !(weight >= 0)) || !average.some((weight) => weight > 0))
    ) {
      throw new OptionError(`MultiOutput: expected ${outputs} weights ≥ 0, not all 0, got [${average.join(", ")}].`);
    }
    this.#create = create;
    this.#columns = Array.from({ length: outputs }, create);
    this.#average = average;
    this.#moments = this.#columns.map(() => [0, 0, 0] as const);
  }

  /** Targets and predictions `[N, outputs]`, or their numbers row by row; weights `[N]`. */
  update({ targets, predictions, weights }: RegressionInputs): void {
    const width = this.#columns.length;
    const flat = { targets: this.#rows("targets", targets), predictions: this.#rows("predictions", predictions) };
    if (flat.targets.length !== flat.predictions.length) {
      throw new ShapeError(
        `MultiOutput.update: expected a prediction for each of ${flat.targets.length} targets, got ${flat.predictions.length}.`,
      );
    }
    const rows = flat.targets.length / width;
    const each = readWeights("MultiOutput.update", weights, rows);
    const column = (numbers: ArrayLike<number>, c: number): Float64Array =>
      Float64Array.from({ length: rows }, (_, row) => numbers[row * width + c]!);
    const parts = this.#columns.map((_, c) => ({
      ...{ targets: column(flat.targets, c), predictions: column(flat.predictions, c) },
      // Metrics that take no weights are not given any.
      ...(weights !== undefined && { weights: each }),
    }));
    // A trial on metrics of their own, so that a batch refused for one column has added nothing to another.
    for (const part of parts) this.#create().update(part);
    this.#columns.forEach((metric, c) => {
      metric.update(parts[c]!);
      this.#moments[c] = combine(this.#moments[c]!, momentsOf(parts[c]!.targets, each));
    });
  }

  result(): MultiOutputResult {
    if (this.#moments[0]![0] === 0) throw nothingAdded("MultiOutput.result");
    const outputs = Float64Array.from(this.#columns, (metric) => metric.result());
    const weights = this.#weights();
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { outputs, average: outputs.reduce((sum, value, c) => sum + (weights[c]! === 0 ? 0 : value * weights[c]!), 0) / total };
  }

  reset(): void {
    for (const metric of this.#columns) metric.reset();
    this.#moments = this.#columns.map(() => [0, 0, 0] as const);
  }

  merge(other: this): void {
    if (other.#columns.length !== this.#columns.length) {
      throw new OptionError(`MultiOutput.merge: expected ${this.#columns.length} outputs, got ${other.#columns.length}.`);
    }
    this.#columns.forEach((metric, c) => {
      metric.merge(other.#columns[c]!);
      this.#moments[c] = combine(this.#moments[c]!, other.#moments[c]!);
    });
  }

  state(): MultiOutputState<S> {
    return { columns: this.#columns.map((metric) => metric.state()), moments: [...this.#moments] };
  }

  restore({ columns, moments }: MultiOutputState<S>): void {
    if (columns.length !== this.#columns.length || moments.length !== columns.length) {
      throw new OptionError(`MultiOutput.restore: expected ${this.#columns.length} outputs, got ${columns.length}.`);
    }
    this.#columns.forEach((metric, c) => {
      metric.restore(columns[c]!);
    });
    this.#moments = moments.map(([weight, mean, squares]) => [weight, mean, squares] as const);
  }

  #weights(): readonly number[] {
    if (typeof this.#average !== "string") return this.#average;
    const alike = this.#columns.map(() => 1);
    if (this.#average === "uniform") return alike;
    const squares = this.#moments.map(([, , sum]) => sum);
    return squares.some((sum) => sum > 0) ? squares : alike;
  }

  #rows(name: string, numbers: Numbers): ArrayLike<number> {
    const width = this.#columns.length;
    const flat = flatNumbers(numbers);
    if (flat.length === 0)
      throw new DataError(`MultiOutput.update: expected at least one example, got none in ${name}. Leave empty batches out.`);
    const fits = isHostTensor(numbers) ? numbers.shape.at(-1) === width : flat.length % width === 0;
    if (!fits) {
      const got = isHostTensor(numbers) ? `[${numbers.shape.join(", ")}]` : `${flat.length} numbers`;
      throw new ShapeError(`MultiOutput.update: expected ${name} in rows of ${width}, got ${got}.`);
    }
    return flat;
  }
}

function momentsOf(values: Float64Array, weights: ArrayLike<number>): readonly [number, number, number] {
  // From the first value on, so that a constant column has a variance of exactly 0.
  const first = values[0]!;
  let [weight, far] = [0, 0];
  values.forEach((value, i) => {
    weight += weights[i]!;
    far += weights[i]! * (value - first);
  });
  const mean = first + far / weight;
  return [weight, mean, values.reduce((squares, value, i) => squares + weights[i]! * (value - mean) ** 2, 0)];
}

/** Moments of two parts. Chan, Golub & LeVeque 1983. */
function combine(a: readonly [number, number, number], b: readonly [number, number, number]): readonly [number, number, number] {
  if (a[0] === 0) return b;
  if (b[0] === 0) return a;
  const weight = a[0] + b[0];
  const between = b[1] - a[1];
  return [weight, a[1] + (between * b[0]) / weight, a[2] + b[2] + (between * between * a[0] * b[0]) / weight];
}
