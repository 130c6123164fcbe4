/** The mean of numbers that come with counts, such as the losses of batches. */

import { DataError } from "@dl/core";
import type { Metric } from "./metric.ts";
import { nothingAdded } from "./numbers.ts";

export interface MeanInputs {
  /** The mean of the batch. NaN and infinities pass through to the result. */
  readonly value: number;
  /** How many examples it is the mean of. Default 1. */
  readonly count?: number;
}

export interface MeanState {
  readonly sum: number;
  readonly count: number;
}

/**
 * Σ count·value ÷ Σ count: a last batch of half the size counts half.
 *
 * @example
 * const loss = new Mean();
 * loss.update({ value: 2, count: 64 });
 * loss.update({ value: 1, count: 32 });
 * loss.result(); // 1.6666666666666667
 */
export class Mean implements Metric<MeanInputs, number, MeanState> {
  #sum = 0;
  #count = 0;

  update({ value, count = 1 }: MeanInputs): void {
    if (!(count > 0 && count < Infinity)) throw new DataError(`Mean.update: expected a count above 0, got ${count}.`);
    this.#sum += value * count;
    this.#count += count;
  }

  result(): number {
    if (this.#count === 0) throw nothingAdded("Mean.result");
    return this.#sum / this.#count;
  }

  reset(): void {
    this.#sum = this.#count = 0;
  }

  merge(other: this): void {
    this.#sum += other.#sum;
    this.#count += other.#count;
  }

  state(): MeanState {
    return { sum: this.#sum, count: this.#count };
  }

  restore({ sum, count }: MeanState): void {
    this.#sum = sum;
    this.#count = count;
  }
}
