/** The share of examples whose class was among the k best-scored. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import type { AccuracyState } from "./accuracy.ts";
import { readScoreRows, type ScoreInputs } from "./class-inputs.ts";

export interface TopKAccuracyOptions {
  /** How many guesses an example gets, from 1 to one less than the classes (with as many, everything is right). */
  readonly k: number;
  /** A label that is left out, such as −100 for padding. Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Labels among the `k` largest scores ÷ labels. Of equal scores the lower class comes first, so `k: 1` is `Accuracy`.
 *
 * @example
 * const topTwo = new TopKAccuracy({ k: 2 });
 * topTwo.update({ labels: [2, 0], scores: [0.5, 0.2, 0.3, 0.1, 0.7, 0.2] }); // scores [2, 3]
 * topTwo.result(); // 0.5
 */
export class TopKAccuracy implements Metric<ScoreInputs, number, AccuracyState> {
  readonly #k: number;
  readonly #ignoreLabel: number | undefined;
  #correct = 0;
  #count = 0;

  constructor({ k, ignoreLabel }: TopKAccuracyOptions) {
    if (!Number.isInteger(k) || k < 1) throw new OptionError(`TopKAccuracy: expected a whole k of at least 1, got ${k}.`);
    this.#k = k;
    this.#ignoreLabel = ignoreLabel;
  }

  update(inputs: ScoreInputs): void {
    const options = { classes: undefined, ignoreLabel: this.#ignoreLabel };
    const { labels, scores, classes, weights } = readScoreRows("TopKAccuracy.update", inputs, options);
    if (this.#k >= classes) {
      throw new OptionError(
        `TopKAccuracy.update: expected k below the number of classes, got k ${this.#k} with rows of ${classes} scores.`,
      );
    }
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      const own = scores[i * classes + label]!;
      let ahead = 0;
      for (let c = 0; c < classes; c++) {
        const score = scores[i * classes + c]!;
        if (score > own || (score === own && c < label)) ahead++;
      }
      if (ahead < this.#k) this.#correct += weights[i]!;
      this.#count += weights[i]!;
    }
  }

  result(): number {
    if (this.#count === 0) throw nothingAdded("TopKAccuracy.result");
    return this.#correct / this.#count;
  }

  reset(): void {
    this.#correct = this.#count = 0;
  }

  merge(other: this): void {
    if (other.#k !== this.#k) throw new OptionError(`TopKAccuracy.merge: expected equal options, got k ${this.#k} and ${other.#k}.`);
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
