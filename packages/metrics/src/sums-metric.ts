/** What metrics have in common whose answer depends on a fixed number of sums. */

import { OptionError } from "@dl/core";
import type { Metric } from "./metric.ts";
import { nothingAdded } from "./numbers.ts";

export interface SumsState {
  readonly sums: readonly number[];
  readonly updates: number;
}

export abstract class SumsMetric<Inputs, Result = number> implements Metric<Inputs, Result, SumsState> {
  readonly #name: string;
  readonly #options: string;
  #sums: Float64Array;
  #updates = 0;

  /** `name` and `options` are for messages; metrics merge whose options are equal. */
  constructor(name: string, { length, options = "" }: { readonly length: number; readonly options?: string }) {
    this.#name = name;
    this.#options = options;
    this.#sums = new Float64Array(length);
  }

  /** Checks a batch and adds it to `sums`, which are zeros. */
  protected abstract add(inputs: Inputs, sums: Float64Array): void;

  /** The metric of the sums of all batches. */
  protected abstract answer(sums: Float64Array): Result;

  update(inputs: Inputs): void {
    // Zeros of its own, so that a batch that is refused half-way has added nothing.
    const sums = new Float64Array(this.#sums.length);
    this.add(inputs, sums);
    for (let i = 0; i < sums.length; i++) this.#sums[i]! += sums[i]!;
    this.#updates++;
  }

  result(): Result {
    if (this.#updates === 0) throw nothingAdded(`${this.#name}.result`);
    return this.answer(this.#sums);
  }

  reset(): void {
    this.#sums.fill(0);
    this.#updates = 0;
  }

  merge(other: this): void {
    if (other.#options !== this.#options || other.#sums.length !== this.#sums.length) {
      throw new OptionError(`${this.#name}.merge: expected equal options, got ${this.#options} and ${other.#options}.`);
    }
    for (let i = 0; i < this.#sums.length; i++) this.#sums[i]! += other.#sums[i]!;
    this.#updates += other.#updates;
  }

  state(): SumsState {
    return { sums: [...this.#sums], updates: this.#updates };
  }

  restore({ sums, updates }: SumsState): void {
    if (sums.length !== this.#sums.length) {
      throw new OptionError(`${this.#name}.restore: expected ${this.#sums.length} sums, got ${sums.length}.`);
    }
    this.#sums = Float64Array.from(sums);
    this.#updates = updates;
  }
}
