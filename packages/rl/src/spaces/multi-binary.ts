/** Several switches at once. */

import { OptionError, type Rng } from "@dl/core";
import { Space } from "./space.ts";

/**
 * Vectors of `size` zeros and ones.
 *
 * @example
 * new MultiBinary(2).contains(Uint8Array.of(1, 0)); // true
 */
export class MultiBinary extends Space<Uint8Array> {
  readonly size: number;

  constructor(size: number) {
    super();
    if (!Number.isInteger(size) || size < 1) throw new OptionError(`MultiBinary: expected a whole number ≥ 1, got ${size}.`);
    this.size = size;
  }

  contains(value: unknown): value is Uint8Array {
    return value instanceof Uint8Array && value.length === this.size && value.every((item) => item <= 1);
  }

  sample(rng: Rng): Uint8Array {
    return Uint8Array.from({ length: this.size }, () => rng.integer(0, 2));
  }

  write(value: Uint8Array, row: Float32Array, at: number): void {
    row.set(value, at);
  }

  read(row: ArrayLike<number>, at: number): Uint8Array {
    return Uint8Array.from({ length: this.size }, (_, i) => row[at + i]!);
  }

  toString(): string {
    return `MultiBinary(${this.size})`;
  }
}
