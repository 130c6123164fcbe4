/** Multilabel tasks example by example: how many are right altogether, and how many labels are wrong. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { flatNumbers, nothingAdded } from "../numbers.ts";
import type { ClassInputs } from "./class-inputs.ts";
import { type MultilabelTask, readYesNo } from "./outcome-counter.ts";

export type MultilabelAgreementOptions = Omit<MultilabelTask, "task">;

export interface MultilabelAgreementResult {
  /** Examples all of whose labels are right ÷ examples: exact match. An example of ignored labels alone counts nothing. */
  readonly subsetAccuracy: number;
  /** Wrong labels ÷ labels. */
  readonly hammingLoss: number;
}

export interface MultilabelAgreementState {
  readonly exact: number;
  readonly wrong: number;
  readonly count: number;
  /** Labels that counted. States of before have none: all labels of all examples did. */
  readonly labels?: number;
}

/**
 * @example
 * const agreement = new MultilabelAgreement({ labelCount: 2 });
 * agreement.update({ labels: [1, 0, 1, 1], predictions: [1, 0, 0, 1] });
 * agreement.result(); // { subsetAccuracy: 0.5, hammingLoss: 0.25 }
 */
export class MultilabelAgreement implements Metric<ClassInputs, MultilabelAgreementResult, MultilabelAgreementState> {
  readonly #task: MultilabelTask;
  #exact = 0;
  #wrong = 0;
  #count = 0;
  #labels = 0;

  constructor(options: MultilabelAgreementOptions) {
    this.#task = { ...options, task: "multilabel" };
    if (!Number.isInteger(options.labelCount) || options.labelCount < 1) {
      throw new OptionError(`MultilabelAgreement: expected a labelCount of at least 1, got ${options.labelCount}.`);
    }
  }

  update(inputs: ClassInputs): void {
    const { labels, predictions, weights } = readYesNo("MultilabelAgreement.update", inputs, this.#task);
    const { labelCount } = this.#task;
    const given = flatNumbers(inputs.labels);
    for (let start = 0; start < labels.length; start += labelCount) {
      let [wrong, counted, weight] = [0, 0, 0];
      for (let i = start; i < start + labelCount; i++) {
        if (given[i] === this.#task.ignoreLabel) continue;
        // An example's own weight is that of any label that is not ignored.
        weight = weights[i]!;
        counted++;
        if (labels[i] !== predictions[i]) wrong++;
      }
      if (counted === 0) continue;
      this.#wrong += weight * wrong;
      this.#labels += weight * counted;
      if (wrong === 0) this.#exact += weight;
      this.#count += weight;
    }
  }

  result(): MultilabelAgreementResult {
    if (this.#count === 0) throw nothingAdded("MultilabelAgreement.result");
    return { subsetAccuracy: this.#exact / this.#count, hammingLoss: this.#wrong / this.#labels };
  }

  reset(): void {
    this.#exact = this.#wrong = this.#count = this.#labels = 0;
  }

  merge(other: this): void {
    if (other.#task.labelCount !== this.#task.labelCount) {
      throw new OptionError(
        `MultilabelAgreement.merge: expected equal label counts, got ${this.#task.labelCount} and ${other.#task.labelCount}.`,
      );
    }
    this.#exact += other.#exact;
    this.#wrong += other.#wrong;
    this.#count += other.#count;
    this.#labels += other.#labels;
  }

  state(): MultilabelAgreementState {
    return { exact: this.#exact, wrong: this.#wrong, count: this.#count, labels: this.#labels };
  }

  restore({ exact, wrong, count, labels = count * this.#task.labelCount }: MultilabelAgreementState): void {
    this.#exact = exact;
    this.#wrong = wrong;
    this.#count = count;
    this.#labels = labels;
  }
}
