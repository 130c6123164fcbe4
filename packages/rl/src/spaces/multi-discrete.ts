/** Several choices at once, each of its own number. */

import { OptionError, type Rng } from "@dl/core";
import { Space } from "./space.ts";

/**
 * Vectors of whole numbers, the i-th from 0 to `choices[i]` − 1.
 *
 * @example
 * new MultiDiscrete([3, 2]).contains(Int32Array.of(2, 1)); // true
 */
export class MultiDiscrete extends Space<Int32Array> {
  readonly choices: readonly number[];
  readonly size: number;

  constructor(choices: readonly number[]) {
    super();
    if (choices.length === 0 || !choices.every((n) => Number.isInteger(n) && n >= 1)) {
      throw new OptionError(`MultiDiscrete: expected whole numbers ≥ 1, got [${choices.join(", ")}].`);
    }
    this.choices = choices;
    this.size = choices.length;
  }

  contains(value: unknown): value is Int32Array {
    return value instanceof Int32Array && value.length === this.size && value.every((item, i) => item >= 0 && item < this.choices[i]!);
  }

  sample(rng: Rng): Int32Array {
    return Int32Array.from(this.choices, (n) => rng.integer(0, n));
  }

  write(value: Int32Array, row: Float32Array, at: number): void {
    row.set(value, at);
  }

  read(row: ArrayLike<number>, at: number): Int32Array {
    return Int32Array.from({ length: this.size }, (_, i) => row[at + i]!);
  }

  toString(): string {
    return `MultiDiscrete([${this.choices.join(", ")}])`;
  }
}
