/** Elements of similar length together, out of a shuffle buffer. tf.data's `bucket_by_sequence_length`; the pools of torchtext's `BucketIterator`. */

import { OptionError, type Rng } from "@dl/core";
import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";
import { passStream } from "./shuffle-buffer.ts";
import { type BufferState, StreamBuffer } from "./stream-buffer.ts";

export interface LengthGroupsOptions<T> {
  readonly buffer: number;
  /** Elements in a group; the last has what is left. */
  readonly size: number;
  readonly rng: Rng;
  lengthOf(element: T): number;
}

/** Each time a random element of the buffer, and those nearest to it in length. Every element comes once. */
export function lengthGroups<T>(open: OpenStream<T>, { buffer, rng, ...options }: LengthGroupsOptions<T>): OpenStream<readonly T[]> {
  if (!Number.isInteger(buffer) || buffer < options.size) {
    throw new OptionError(`batches: expected a whole shuffleBuffer of at least a batch (${options.size}) to choose from, got ${buffer}.`);
  }
  return (state) => {
    const held = new StreamBuffer(open, { size: buffer, state: state as BufferState | undefined });
    return new LengthCursor(held, { ...options, rng: passStream(rng, state) });
  };
}

class LengthCursor<T> implements StreamCursor<readonly T[]> {
  readonly #buffer: StreamBuffer<T>;
  readonly #options: Omit<LengthGroupsOptions<T>, "buffer">;

  constructor(buffer: StreamBuffer<T>, options: Omit<LengthGroupsOptions<T>, "buffer">) {
    this.#buffer = buffer;
    this.#options = options;
  }

  async next(): Promise<IteratorResult<readonly T[], undefined>> {
    const { size, rng, lengthOf } = this.#options;
    const { held } = this.#buffer;
    await this.#buffer.fill();
    if (held.length === 0) return { done: true, value: undefined };
    const lengths = held.map(({ element }) => lengthOf(element));
    const drawn = lengths[rng.integer(0, held.length)]!;
    const slots = held
      .map((_, slot) => slot)
      // The older first among equals: what comes out does not hang on the slots.
      .sort((a, b) => Math.abs(lengths[a]! - drawn) - Math.abs(lengths[b]! - drawn) || held[a]!.ordinal - held[b]!.ordinal)
      .slice(0, size);
    const group = slots.map((slot) => held[slot]!.element);
    for (const slot of slots.sort((a, b) => b - a)) {
      const last = held.pop()!;
      if (slot < held.length) held[slot] = last;
    }
    return { done: false, value: group };
  }

  state(): StreamState {
    return this.#buffer.state(this.#options.rng.state);
  }

  close(): Promise<void> {
    return this.#buffer.close();
  }
}
