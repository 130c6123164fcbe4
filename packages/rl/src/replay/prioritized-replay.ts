/** Surprising steps more often. Schaul et al. 2016, "Prioritized experience replay", arXiv:1511.05952; the proportional variant. */

import { type HostTensor, OptionError, type Rng, wordToUnit } from "@dl/core";
import { type ReplayBatch, ReplayBuffer, type ReplayBufferOptions, type Transition } from "./replay-buffer.ts";
import { SumTree } from "./sum-tree.ts";

export interface PrioritizedReplayOptions extends ReplayBufferOptions {
  /** α: 0 draws uniformly, 1 in proportion to the error. Default 0.6. */
  exponent?: number;
}

/** A replay buffer that draws in proportion to (error + 10⁻⁶)^α; new steps get the largest priority so far. */
export class PrioritizedReplay {
  readonly buffer: ReplayBuffer;
  readonly #exponent: number;
  readonly #tree: SumTree;
  #largest = 1;

  constructor({ exponent = 0.6, ...options }: PrioritizedReplayOptions) {
    this.buffer = new ReplayBuffer(options);
    this.#exponent = exponent;
    this.#tree = new SumTree(options.capacity);
  }

  get length(): number {
    return this.buffer.length;
  }

  add(transition: Transition): void {
    this.#tree.set(this.buffer.add(transition), this.#largest);
  }

  /**
   * @param options.beta  How far the weights make up for the uneven draw: 1 entirely.
   * @returns The batch; its weights are divided by the largest of them.
   * @throws OptionError when the buffer is empty.
   */
  sample(rng: Rng, { count, beta }: { count: number; beta: number }): ReplayBatch {
    if (this.length === 0) throw new OptionError("PrioritizedReplay.sample: expected at least one transition, got none.");
    const words = rng.words(count);
    const { total } = this.#tree;
    // One draw from each of `count` equal parts of the total.
    const places = Int32Array.from(words, (word, i) => this.#tree.find(((i + wordToUnit(word)) / count) * total));
    const weights = Float32Array.from(places, (place) => (this.length * (this.#tree.get(place) / total)) ** -beta);
    const largest = weights.reduce((a, b) => Math.max(a, b));
    return this.buffer.at(
      places,
      weights.map((weight) => weight / largest),
    );
  }

  /** Tells how wrong the values at `places` were. */
  update(places: Int32Array, errors: ArrayLike<number>): void {
    for (const [i, place] of places.entries()) {
      const priority = (Math.abs(errors[i]!) + 1e-6) ** this.#exponent;
      this.#largest = Math.max(this.#largest, priority);
      this.#tree.set(place, priority);
    }
  }

  save(): Map<string, HostTensor> {
    const priorities = Float64Array.from({ length: this.length }, (_, place) => this.#tree.get(place));
    return new Map<string, HostTensor>([
      ...this.buffer.save(),
      ["priorities", { shape: [this.length], dtype: "float64", data: priorities }],
      ["largest", { shape: [1], dtype: "float64", data: Float64Array.of(this.#largest) }],
    ]);
  }

  restore(tensors: ReadonlyMap<string, HostTensor>): void {
    const first = this.buffer.restore(tensors);
    const { data } = tensors.get("priorities")!;
    for (let place = 0; place < this.length; place++) this.#tree.set(place, data[(first + place) % this.length]!);
    this.#largest = tensors.get("largest")!.data[0]!;
  }
}
