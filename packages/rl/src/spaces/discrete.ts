/** One of n choices. */

import { OptionError, type Rng } from "@dl/core";
import { Space } from "./space.ts";

/**
 * The whole numbers from 0 to `choices` − 1.
 *
 * @example
 * new Discrete(3).contains(3); // false
 */
export class Discrete extends Space<number> {
  readonly choices: number;
  readonly size = 1;

  constructor(choices: number) {
    super();
    if (!Number.isInteger(choices) || choices < 1) throw new OptionError(`Discrete: expected a whole number ≥ 1, got ${choices}.`);
    this.choices = choices;
  }

  contains(value: unknown): value is number {
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < this.choices;
  }

  /** Uniform, or uniform among those `mask` (`[choices]`, 1 for allowed) leaves. */
  sample(rng: Rng, mask?: ArrayLike<number>): number {
    return mask === undefined ? rng.integer(0, this.choices) : rng.categorical([1], mask).data[0]!;
  }

  write(value: number, row: Float32Array, at: number): void {
    row[at] = value;
  }

  read(row: ArrayLike<number>, at: number): number {
    return row[at]!;
  }

  toString(): string {
    return `Discrete(${this.choices})`;
  }
}
