/** Examples of tasks before, to be learned again beside those of now. Chaudhry et al. 2019, arXiv:1902.10486; reservoir: Vitter 1985. */

import { DataError, OptionError, type Rng } from "@dl/core";

/** Keeps an even sample of everything it was shown, of a size that does not grow. */
export class ReplayMemory<E> {
  readonly #capacity: number;
  readonly #rng: Rng;
  readonly #kept: E[] = [];
  #seen = 0;

  constructor({ capacity, rng }: { capacity: number; rng: Rng }) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new OptionError(`ReplayMemory: expected a whole capacity of at least 1, got ${capacity}.`);
    this.#capacity = capacity;
    this.#rng = rng;
  }

  /** Examples at hand. */
  get length(): number {
    return this.#kept.length;
  }

  /** Each example shown so far is kept with the same chance. */
  add(examples: Iterable<E>): void {
    for (const example of examples) {
      this.#seen++;
      if (this.#kept.length < this.#capacity) this.#kept.push(example);
      else {
        const place = this.#rng.integer(0, this.#seen);
        if (place < this.#capacity) this.#kept[place] = example;
      }
    }
  }

  /** `count` different ones, or all when there are fewer. @throws DataError from an empty memory. */
  sample(count: number): E[] {
    if (this.#kept.length === 0) throw new DataError("ReplayMemory.sample: expected examples of a task before, got none. Call add first.");
    const order = this.#rng.permutation(this.#kept.length);
    return Array.from(order.subarray(0, count), (i) => this.#kept[i]!);
  }
}
