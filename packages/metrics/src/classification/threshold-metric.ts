/** What the area under the ROC curve and average precision have in common: one number a question, averaged. */

import { DataError, OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import type { ScoreInputs } from "./class-inputs.ts";
import type { Average } from "./outcome-counts.ts";
import { type CurveOptions, ScoreStore, type ScoreStoreState } from "./score-store.ts";
import type { ThresholdCounts } from "./threshold-counts.ts";

export type ThresholdMetricOptions = CurveOptions & {
  /**
   * `micro`: all questions thrown together; `macro`: their mean; `weighted`: by how often each is a yes; for a multilabel task with exact thresholds also
   * `samples`: the area of each example over its labels, and the mean of those. Default `macro`.
   */
  readonly average?: Average | "samples";
};

export abstract class ThresholdMetric implements Metric<ScoreInputs, number, ScoreStoreState> {
  protected readonly store: ScoreStore;
  readonly #name: string;
  readonly #average: Average | "samples";
  readonly #withoutYes: number | undefined;

  /** `withoutYes`: what an example without a yes counts in the average `samples`; not given, there must be none. */
  constructor(
    name: string,
    { average = "macro", ...options }: ThresholdMetricOptions,
    { withoutYes }: { readonly withoutYes?: number } = {},
  ) {
    if (average !== "micro" && average !== "macro" && average !== "weighted" && average !== "samples") {
      throw new OptionError(`${name}: expected average micro, macro, weighted or samples, got ${String(average)}.`);
    }
    if (average === "samples" && (options.task !== "multilabel" || options.thresholds !== undefined)) {
      const got = options.task === "multilabel" ? `${options.thresholds} thresholds` : `a ${options.task ?? "multiclass"} one`;
      throw new OptionError(`${name}: expected the average samples for a multilabel task with exact thresholds, got ${got}.`);
    }
    this.#name = name;
    this.#average = average;
    this.#withoutYes = withoutYes;
    this.store = new ScoreStore(name, options);
  }

  /** The metric of one question; NaN where it is not defined. */
  protected abstract area(counts: ThresholdCounts): number;

  update(inputs: ScoreInputs): void {
    this.store.update(inputs);
  }

  result(): number {
    if (this.store.isEmpty) throw nothingAdded(`${this.#name}.result`);
    if (this.#average === "samples") return this.#meanOfSamples();
    if (this.#average === "micro") return this.#defined(this.area(this.store.microCounts()), "all classes");
    let [sum, weights] = [0, 0];
    for (let question = 0; question < this.store.questions; question++) {
      const counts = this.store.counts(question);
      const weight = this.#average === "macro" ? 1 : counts.positives;
      sum += weight * this.#defined(this.area(counts), `class ${question}`);
      weights += weight;
    }
    return sum / weights;
  }

  /** The metric of each class against the rest, or of each label; NaN where one has no yes or no no. */
  perClass(): Float64Array {
    if (this.store.isEmpty) throw nothingAdded(`${this.#name}.perClass`);
    return Float64Array.from({ length: this.store.questions }, (_, question) => this.area(this.store.counts(question)));
  }

  reset(): void {
    this.store.reset();
  }

  merge(other: this): void {
    this.store.merge(other.store);
  }

  state(): ScoreStoreState {
    return this.store.state();
  }

  restore(state: ScoreStoreState): void {
    this.store.restore(state);
  }

  #meanOfSamples(): number {
    let [sum, weights, at] = [0, 0, 0];
    for (const { counts, weight } of this.store.sampleCounts()) {
      const area = counts.positives === 0 ? (this.#withoutYes ?? Number.NaN) : this.area(counts);
      if (weight > 0) {
        if (Number.isNaN(area)) {
          throw new DataError(
            `${this.#name}.result: expected yes and no labels in every example, got only one kind in example ${at}. Leave it out of the update, or give it the weight 0.`,
          );
        }
        sum += weight * area;
        weights += weight;
      }
      at++;
    }
    if (weights === 0) throw nothingAdded(`${this.#name}.result`);
    return sum / weights;
  }

  #defined(value: number, what: string): number {
    if (!Number.isNaN(value)) return value;
    throw new DataError(`${this.#name}.result: expected yes and no examples of ${what}, got only one kind. Look at perClass().`);
  }
}
