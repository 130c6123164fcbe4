/** The share of examples whose class was predicted. */

import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { type ClassInputs, type LabelOptions, readClassPairs } from "./class-inputs.ts";

export interface AccuracyOptions {
  /** How many classes there are, to check labels against. Default: as many as a row of scores has. */
  readonly classes?: number;
  /** A label that is left out, such as −100 for padding. Default: none. */
  readonly ignoreLabel?: number;
}

export interface AccuracyState {
  /** Weight of what was right. */
  readonly correct: number;
  /** Weight of everything. */
  readonly count: number;
}

/**
 * Correct predictions ÷ predictions.
 *
 * @example
 * const accuracy = new Accuracy();
 * accuracy.update({ labels: [0, 1], scores: [2.5, -1, 0.3, 0.1] }); // logits [2, 2]: the first is right
 * accuracy.result(); // 0.5
 */
export class Accuracy implements Metric<ClassInputs, number, AccuracyState> {
  readonly #options: LabelOptions;
  #correct = 0;
  #count = 0;

  constructor({ classes, ignoreLabel }: AccuracyOptions = {}) {
    this.#options = { classes, ignoreLabel };
  }

  update(inputs: ClassInputs): void {
    const { labels, predictions, weights } = readClassPairs("Accuracy.update", inputs, this.#options);
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] === predictions[i]) this.#correct += weights[i]!;
      this.#count += weights[i]!;
    }
  }

  result(): number {
    if (this.#count === 0) throw nothingAdded("Accuracy.result");
    return this.#correct / this.#count;
  }

  reset(): void {
    this.#correct = this.#count = 0;
  }

  merge(other: this): void {
    this.#correct += other.#correct;
    this.#count += other.#count;
  }

  state(): AccuracyState {
    return { correct: this.#correct, count: this.#count };
  }

  restore({ correct, count }: AccuracyState): void {
    this.#correct = correct;
    this.#count = count;
  }
}
