/** What precision, recall, F-beta, specificity and Jaccard have in common: a ratio of outcomes, averaged over classes. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded, requireChoice } from "../numbers.ts";
import type { ClassInputs } from "./class-inputs.ts";
import { type ClassificationTask, type MultilabelTask, OutcomeCounter, type OutcomeState } from "./outcome-counter.ts";
import { type Average, averageRatio, divide, type Outcomes, type Ratio, type ZeroDivision } from "./outcome-counts.ts";
import { sampleRatios } from "./sample-ratios.ts";

/** The task, and how its classes become one number. */
export type AveragedOptions = ClassificationTask & {
  /**
   * `micro`, `macro` or `weighted`; for a multilabel task also `samples`: the ratio of each example over its labels, and the mean of those.
   * Default `macro`. A binary task has one class, the yes, and nothing to average.
   */
  readonly average?: Average | "samples";
  /** What 0 ÷ 0 counts as. Default 0. */
  readonly zeroDivision?: ZeroDivision;
  /** The classes to average over, such as all but the background. Default: all. */
  readonly only?: readonly number[];
};

/** The counts, and with the average `samples` also the weighted sum of the examples' ratios and their weight. */
export interface AveragedState extends OutcomeState {
  readonly samples?: readonly [sum: number, weight: number];
}

export abstract class AveragedMetric implements Metric<ClassInputs, number, AveragedState> {
  readonly #name: string;
  readonly #counter: OutcomeCounter;
  readonly #average: Average | "samples";
  readonly #zeroDivision: ZeroDivision;
  readonly #only: readonly number[];
  /** Set with the average `samples`. */
  readonly #sampled: MultilabelTask | undefined;
  #samples: readonly [sum: number, weight: number] = [0, 0];

  constructor(name: string, options: AveragedOptions) {
    const { average = "macro", zeroDivision = 0, only } = options;
    this.#name = name;
    this.#counter = new OutcomeCounter(name, options);
    this.#average = average;
    this.#zeroDivision = zeroDivision;
    requireChoice(name, "average", [average, ["micro", "macro", "weighted", "samples"]]);
    requireChoice(name, "zeroDivision", [zeroDivision, [0, 1, "omit"]]);
    if (average === "samples" && options.task !== "multilabel") {
      throw new OptionError(`${name}: expected the average samples for a multilabel task only, got a ${options.task ?? "multiclass"} one.`);
    }
    this.#sampled = average === "samples" ? (options as MultilabelTask) : undefined;
    const { columns } = this.#counter;
    this.#only = only ?? Array.from({ length: columns }, (_, c) => c);
    if (this.#only.length === 0 || this.#only.some((c) => !Number.isInteger(c) || c < 0 || c >= columns)) {
      throw new OptionError(`${name}: expected at least one class from 0 to ${columns - 1} in only, got [${this.#only.join(", ")}].`);
    }
  }

  /** The metric of one class, or of classes added up, as a ratio that may be 0 ÷ 0. */
  protected abstract ratio(outcomes: Outcomes): Ratio;

  update(inputs: ClassInputs): void {
    this.#counter.update(inputs);
    if (this.#sampled === undefined) return;
    const { sum, weight } = sampleRatios(`${this.#name}.update`, inputs, {
      task: this.#sampled,
      only: this.#only,
      ratio: (o) => this.ratio(o),
      zeroDivision: this.#zeroDivision,
    });
    this.#samples = [this.#samples[0] + sum, this.#samples[1] + weight];
  }

  result(): number {
    if (this.#average === "samples") {
      if (this.#counter.count === 0) throw nothingAdded(`${this.#name}.result`);
      return this.#samples[0] / this.#samples[1];
    }
    return averageRatio(this.#outcomes(), (o) => this.ratio(o), { average: this.#average, zeroDivision: this.#zeroDivision });
  }

  /** The ratio of each class, in order, or of the classes in `only`; NaN where it is 0 ÷ 0 and `zeroDivision` is `omit`. */
  perClass(): Float64Array {
    return Float64Array.from(this.#outcomes(), (o) => divide(this.ratio(o), this.#zeroDivision));
  }

  reset(): void {
    this.#counter.reset();
    this.#samples = [0, 0];
  }

  merge(other: this): void {
    if (this.#average !== other.#average && (this.#sampled || other.#sampled)) {
      throw new OptionError(`${this.#name}.merge: expected equal averages, got ${this.#average} and ${other.#average}.`);
    }
    this.#counter.merge(other.#counter);
    this.#samples = [this.#samples[0] + other.#samples[0], this.#samples[1] + other.#samples[1]];
  }

  state(): AveragedState {
    return { ...this.#counter.state(), ...(this.#sampled && { samples: this.#samples }) };
  }

  restore(state: AveragedState): void {
    if (this.#sampled && state.samples === undefined) {
      throw new OptionError(`${this.#name}.restore: expected the state of a metric with average samples, got one without.`);
    }
    this.#counter.restore(state);
    this.#samples = state.samples ?? [0, 0];
  }

  #outcomes(): Outcomes[] {
    if (this.#counter.count === 0) throw nothingAdded(`${this.#name}.result`);
    return this.#only.map((column) => this.#counter.outcomes(column));
  }
}
