/** Vectors and images of floats between bounds. */

import { OptionError, type Rng, type Shape, sizeOf } from "@dl/core";
import { Space } from "./space.ts";

export interface BoxOptions {
  /** Default as long as `low` or `high`; needed when both are numbers. */
  shape?: Shape;
  /** One bound for all, or one each; −∞ for none. */
  low: number | ArrayLike<number>;
  /** One bound for all, or one each; ∞ for none. */
  high: number | ArrayLike<number>;
}

/**
 * Float32 arrays of one shape, each element between its bounds, which belong to the space.
 *
 * @example
 * const torque = new Box({ shape: [1], low: -2, high: 2 });
 * torque.contains(Float32Array.of(1.5)); // true
 */
export class Box extends Space<Float32Array> {
  readonly shape: Shape;
  readonly size: number;
  readonly low: Float32Array;
  readonly high: Float32Array;

  constructor({ shape, low, high }: BoxOptions) {
    super();
    const form = shape ?? (typeof low === "number" ? (typeof high === "number" ? undefined : [high.length]) : [low.length]);
    if (form === undefined) throw new OptionError("Box: expected a shape, or bounds with a length, got two numbers. Give `shape`.");
    this.shape = form;
    this.size = sizeOf(form);
    this.low = bound("low", low, this.size);
    this.high = bound("high", high, this.size);
    for (let i = 0; i < this.size; i++) {
      if (!(this.low[i]! <= this.high[i]!)) {
        throw new OptionError(`Box: expected low ≤ high, got ${this.low[i]} and ${this.high[i]} at ${i}.`);
      }
    }
  }

  /** Whether every element has two finite bounds. */
  get bounded(): boolean {
    return this.low.every(Number.isFinite) && this.high.every(Number.isFinite);
  }

  contains(value: unknown): value is Float32Array {
    if (!(value instanceof Float32Array) || value.length !== this.size) return false;
    for (let i = 0; i < this.size; i++) if (!(value[i]! >= this.low[i]! && value[i]! <= this.high[i]!)) return false;
    return true;
  }

  /** Uniform between two finite bounds, else normal around the finite one, or around 0. */
  sample(rng: Rng): Float32Array {
    const value = new Float32Array(this.size);
    for (let i = 0; i < this.size; i++) {
      const low = this.low[i]!;
      const high = this.high[i]!;
      if (Number.isFinite(low) && Number.isFinite(high)) value[i] = Math.min(rng.float(low, high), high);
      else {
        const normal = rng.normal([1]).data[0]!;
        value[i] = Number.isFinite(low) ? low + Math.abs(normal) : Number.isFinite(high) ? high - Math.abs(normal) : normal;
      }
    }
    return value;
  }

  write(value: Float32Array, row: Float32Array, at: number): void {
    row.set(value, at);
  }

  read(row: ArrayLike<number>, at: number): Float32Array {
    return Float32Array.from({ length: this.size }, (_, i) => row[at + i]!);
  }

  toString(): string {
    const show = (bounds: Float32Array): string =>
      bounds.every((value) => value === bounds[0]) ? String(bounds[0]) : `[${bounds.join(", ")}]`;
    return `Box([${this.shape.join(", ")}], ${show(this.low)} to ${show(this.high)})`;
  }
}

function bound(name: string, value: number | ArrayLike<number>, size: number): Float32Array {
  if (typeof value === "number") return new Float32Array(size).fill(value);
  if (value.length !== size) throw new OptionError(`Box: expected ${size} numbers as ${name}, got ${value.length}.`);
  return Float32Array.from(value);
}
