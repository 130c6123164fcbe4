/** What observations and actions can be. Gymnasium's spaces: Towers et al. 2024, arXiv:2407.17032. */

import type { Rng } from "@dl/core";

/**
 * A set of values, each of which can also be written as a row of `size` numbers: what lets many copies of an environment share one array.
 */
export abstract class Space<T> {
  /** Numbers in a row. */
  abstract readonly size: number;

  /** Whether `value` is in the space; false for anything of another form. */
  abstract contains(value: unknown): value is T;

  /** A value drawn uniformly, where the space is bounded. */
  abstract sample(rng: Rng): T;

  /** Writes `value` into `row`, from place `at` on. */
  abstract write(value: T, row: Float32Array, at: number): void;

  /** The value that `write` wrote. */
  abstract read(row: ArrayLike<number>, at: number): T;

  /** Such as `Discrete(4)`: for errors, and equal exactly when the spaces are. */
  abstract toString(): string;
}

/** Whether both spaces hold the same values. */
export function sameSpace(a: Space<unknown>, b: Space<unknown>): boolean {
  return a.toString() === b.toString();
}
