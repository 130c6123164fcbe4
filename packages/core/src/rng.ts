/** Random numbers as values: a key, and streams forked from it by name. */

import { OptionError } from "./errors.ts";
import type { HostTensor } from "./host-tensor.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { randomWords, threefry2x32, wordToUnit } from "./threefry.ts";

/** Where a generator stands; plain data, for checkpoints. */
export interface RngState {
  readonly key: readonly [number, number];
  readonly position: number;
}

/** Below this bound, in standard deviations, four normal numbers of five would be drawn again, and more. */
const narrowBound = 0.25;

/**
 * A stream of random numbers. Equal seeds give equal bits on every engine and device.
 *
 * `fork` derives a stream from the key and a label alone, whatever was drawn before: adding a draw here changes nothing there.
 *
 * @example
 * const rng = new Rng(1);
 * const weights = rng.fork("init").normal([3, 4]);
 */
export class Rng {
  #key0: number;
  #key1: number;
  #position = 0;

  /** @param seed A whole number from 0 to 2⁵³ − 1. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) throw new OptionError(`Rng: expected a whole seed from 0 to 2⁵³ − 1, got ${seed}.`);
    this.#key0 = seed | 0;
    this.#key1 = Math.floor(seed / 2 ** 32) | 0;
  }

  /** The stream called `label`: a child key that depends on this key and on the label, not on what was drawn. */
  fork(label: string): Rng {
    // A number has no length: every one would give the same stream.
    if (typeof label !== "string")
      throw new OptionError(`Rng.fork: expected a string as label, got ${typeof label}. Write fork(\`epoch \${epoch}\`).`);
    const child = new Rng(0);
    const hash = new Int32Array(2);
    hash[0] = this.#key0;
    hash[1] = this.#key1;
    // The label in UTF-16 units, one block a unit, chained: each block is encrypted under the hash of those before it.
    for (let i = 0; i < label.length; i++) threefry2x32(hash[0]!, hash[1]!, [1, label.charCodeAt(i)], hash, 0);
    threefry2x32(hash[0]!, hash[1]!, [2, label.length], hash, 0);
    child.#key0 = hash[0]!;
    child.#key1 = hash[1]!;
    return child;
  }

  get state(): RngState {
    return { key: [this.#key0, this.#key1], position: this.#position };
  }

  /** @throws OptionError for what no `state` gave, such as a damaged checkpoint's. */
  static fromState({ key, position }: RngState): Rng {
    const whole = Array.isArray(key) && key.length === 2 && key.every(Number.isSafeInteger);
    if (!whole || !Number.isSafeInteger(position) || position < 0) {
      throw new OptionError(
        `Rng.fromState: expected a key of two whole numbers and a whole position ≥ 0, got ${JSON.stringify(key)} and ${JSON.stringify(position)}.`,
      );
    }
    const rng = new Rng(0);
    rng.#key0 = key[0] | 0;
    rng.#key1 = key[1] | 0;
    rng.#position = position;
    return rng;
  }

  /** @internal */
  moveTo(position: number): void {
    this.#position = position;
  }

  /** The next `length` words: what every method below draws from. */
  words(length: number): Int32Array {
    if (touched && !touched.has(this)) touched.set(this, this.#position);
    const words = randomWords(this.#key0, this.#key1, length, this.#position);
    this.#position += length;
    return words;
  }

  /** A key nobody else has, for a kernel that draws on the device; moves this stream on by two words. */
  nextKey(): readonly [number, number] {
    const words = this.words(2);
    return [words[0]!, words[1]!];
  }

  /** One number in [low, high). */
  float(low = 0, high = 1): number {
    return low + (high - low) * wordToUnit(this.words(1)[0]!);
  }

  /** One whole number from `low` up to, not including, `high`; exactly uniform. */
  integer(low: number, high: number): number {
    const range = high - low;
    if (!Number.isInteger(low) || !Number.isInteger(high) || range < 1 || range > 2 ** 32) {
      throw new OptionError(`Rng.integer: expected whole numbers low < high at most 2³² apart, got ${low} and ${high}.`);
    }
    // Words past the last whole multiple of the range would favour small numbers: draw again.
    const limit = 2 ** 32 - (2 ** 32 % range);
    for (;;) {
      const word = this.words(1)[0]! >>> 0;
      if (word < limit) return low + (word % range);
    }
  }

  /** One of `items`. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new OptionError("Rng.pick: expected at least one item, got none.");
    return items[this.integer(0, items.length)]!;
  }

  /** Float32 numbers in [low, high); all `low` where they are equal. */
  uniform(shape: Shape, low = 0, high = 1): HostTensor {
    checkBounds("Rng.uniform", low, high);
    const words = this.words(sizeOf(shape));
    // Scaled numbers near the end may round up to it.
    const last = Math.max(floatBelow(high), low);
    return { shape, dtype: "float32", data: Float32Array.from(words, (word) => Math.min(low + (high - low) * wordToUnit(word), last)) };
  }

  /** Float32 numbers of the normal distribution. Box and Muller 1958. */
  normal(shape: Shape, mean = 0, standardDeviation = 1): HostTensor {
    checkDeviation("Rng.normal", standardDeviation);
    const length = sizeOf(shape);
    const words = this.words(length + (length % 2));
    const data = new Float32Array(length);
    for (let i = 0; i < length; i += 2) {
      // 1 − u lies in (0, 1]: the logarithm stays finite.
      const radius = standardDeviation * Math.sqrt(-2 * Math.log(1 - wordToUnit(words[i]!)));
      const angle = 2 * Math.PI * wordToUnit(words[i + 1]!);
      data[i] = mean + radius * Math.cos(angle);
      if (i + 1 < length) data[i + 1] = mean + radius * Math.sin(angle);
    }
    return { shape, dtype: "float32", data };
  }

  /** A normal cut off `bound` standard deviations from the mean, by drawing again; within a narrow bound from uniform numbers. Robert 1995, arXiv:0907.4010. */
  truncatedNormal(shape: Shape, mean = 0, standardDeviation = 1, bound = 2): HostTensor {
    checkDeviation("Rng.truncatedNormal", standardDeviation);
    // Nothing lies within no deviation: it would draw for ever.
    if (!(bound > 0)) throw new OptionError(`Rng.truncatedNormal: expected a bound above 0, got ${bound}.`);
    const data = new Float32Array(sizeOf(shape));
    let filled = 0;
    while (filled < data.length) {
      const left = data.length - filled;
      for (const value of bound < narrowBound ? this.#narrowNormal(left, bound) : this.normal([left]).data) {
        if (Math.abs(value) <= bound) data[filled++] = mean + standardDeviation * value;
      }
    }
    return { shape, dtype: "float32", data };
  }

  /** At most `length` standard normal numbers within `bound`: uniform ones, each kept in proportion to its density. */
  #narrowNormal(length: number, bound: number): number[] {
    const { data } = this.uniform([2 * length]);
    const kept: number[] = [];
    for (let i = 0; i < data.length; i += 2) {
      const value = bound * (2 * data[i]! - 1);
      if (data[i + 1]! < Math.exp(-(value ** 2) / 2)) kept.push(value);
    }
    return kept;
  }

  /** Int32 numbers from `low` up to, not including, `high`. */
  integers(shape: Shape, low: number, high: number): HostTensor {
    if (!(low >= -(2 ** 31) && high <= 2 ** 31)) {
      throw new OptionError(`Rng.integers: expected a range that int32 holds, from −2³¹ up to 2³¹, got ${low} and ${high}.`);
    }
    return { shape, dtype: "int32", data: Int32Array.from({ length: sizeOf(shape) }, () => this.integer(low, high)) };
  }

  /** True with the given probability. */
  bernoulli(shape: Shape, probability: number): HostTensor {
    if (!(probability >= 0 && probability <= 1)) {
      throw new OptionError(`Rng.bernoulli: expected a probability from 0 to 1, got ${probability}.`);
    }
    const words = this.words(sizeOf(shape));
    return { shape, dtype: "bool", data: Uint8Array.from(words, (word) => (wordToUnit(word) < probability ? 1 : 0)) };
  }

  /** Int32 indices into `weights`, each drawn in proportion to its weight. */
  categorical(shape: Shape, weights: ArrayLike<number>): HostTensor {
    const cumulative = new Float64Array(weights.length);
    let total = 0;
    for (let i = 0; i < weights.length; i++) {
      if (!(weights[i]! >= 0)) throw new OptionError(`Rng.categorical: expected weights ≥ 0, got ${weights[i]} at ${i}.`);
      cumulative[i] = total += weights[i]!;
    }
    if (!(total > 0 && total < Infinity))
      throw new OptionError(`Rng.categorical: expected weights with a positive finite sum, got ${total}.`);
    const draw = (): number => {
      const target = this.float() * total;
      let low = 0;
      let high = cumulative.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulative[middle]! > target) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    return { shape, dtype: "int32", data: Int32Array.from({ length: sizeOf(shape) }, draw) };
  }

  /** The numbers 0 … length − 1 in random order. Fisher and Yates; Knuth, volume 2, algorithm P. */
  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      const swap = order[i]!;
      order[i] = order[j]!;
      order[j] = swap;
    }
    return order;
  }
}

/** While a replayable function runs for the first time: the generators it drew from, and where they stood before. */
let touched: Map<Rng, number> | null = null;

/** `work`, to be run once with `first` and later with `again`, which draws the same numbers and leaves the generators as they are. */
export function replayable<T>(work: () => T): { first: () => T; again: () => T } {
  const starts = new Map<Rng, number>();
  return {
    first: () => {
      const outer = touched;
      touched = starts;
      try {
        return work();
      } finally {
        touched = outer;
        if (outer) for (const [rng, position] of starts) if (!outer.has(rng)) outer.set(rng, position);
      }
    },
    again: () => {
      const ends = new Map([...starts.keys()].map((rng) => [rng, rng.state.position]));
      for (const [rng, position] of starts) rng.moveTo(position);
      try {
        return work();
      } finally {
        for (const [rng, position] of ends) rng.moveTo(position);
      }
    },
  };
}

/** @internal Throws unless a uniform number can lie there. */
export function checkBounds(where: string, low: number, high: number): void {
  if (low <= high && Number.isFinite(high - low)) return;
  throw new OptionError(`${where}: expected finite bounds, low ≤ high, got ${low} and ${high}.`);
}

function checkDeviation(where: string, standardDeviation: number): void {
  if (!(standardDeviation >= 0)) throw new OptionError(`${where}: expected a standard deviation ≥ 0, got ${standardDeviation}.`);
}

/** @internal The largest float32 below `limit`. */
export function floatBelow(limit: number): number {
  const float = Float32Array.of(limit);
  if (float[0]! < limit) return float[0]!;
  if (limit === 0) return -(2 ** -149);
  // Neighbouring floats of one sign have neighbouring bits.
  new Int32Array(float.buffer)[0]! += limit > 0 ? -1 : 1;
  return float[0]!;
}
