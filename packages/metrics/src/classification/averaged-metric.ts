/** What precision, recall, F-beta, specificity and Jaccard have in common: a ratio of outcomes, averaged over classes. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import type { ClassInputs } from "./class-inputs.ts";
import { type ClassificationTask, OutcomeCounter, type OutcomeState } from "./outcome-counter.ts";
import { type Average, averageRatio, divide, type Outcomes, type Ratio, type ZeroDivision } from "./outcome-counts.ts";

/** The task, and how its classes become one number. */
export type AveragedOptions = ClassificationTask & {
  /** `micro`, `macro` or `weighted`. Default `macro`. A binary task has one class, the yes, and nothing to average. */
  readonly average?: Average;
  /** What 0 ÷ 0 counts as. Default 0. */
  readonly zeroDivision?: ZeroDivision;
  /** The classes to average over, such as all but the background. Default: all. */
  readonly only?: readonly number[];
};

export abstract class AveragedMetric implements Metric<ClassInputs, number, OutcomeState> {
  readonly #name: string;
  readonly #counter: OutcomeCounter;
  readonly #average: Average;
  readonly #zeroDivision: ZeroDivision;
  readonly #only: readonly number[];

  constructor(name: string, options: AveragedOptions) {
    const { average = "macro", zeroDivision = 0, only } = options;
    this.#name = name;
    this.#counter = new OutcomeCounter(name, options);
    this.#average = average;
    this.#zeroDivision = zeroDivision;
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
  }

  result(): number {
    return averageRatio(this.#outcomes(), (o) => this.ratio(o), { average: this.#average, zeroDivision: this.#zeroDivision });
  }

  /** The ratio of each class, in order, or of the classes in `only`; NaN where it is 0 ÷ 0 and `zeroDivision` is `omit`. */
  perClass(): Float64Array {
    return Float64Array.from(this.#outcomes(), (o) => divide(this.ratio(o), this.#zeroDivision));
  }

  reset(): void {
    this.#counter.reset();
  }

  merge(other: this): void {
    this.#counter.merge(other.#counter);
  }

  state(): OutcomeState {
    return this.#counter.state();
  }

  restore(state: OutcomeState): void {
    this.#counter.restore(state);
  }

  #outcomes(): Outcomes[] {
    if (this.#counter.count === 0) throw nothingAdded(`${this.#name}.result`);
    return this.#only.map((column) => this.#counter.outcomes(column));
  }
}
