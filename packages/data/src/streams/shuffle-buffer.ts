/** Mixes a stream through a buffer of fixed size. tf.data's `shuffle`; its bias: Heumos et al., "Fisher–Yates in a window". */

import { OptionError, Rng, type RngState } from "@dl/core";
import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";
import { type BufferState, StreamBuffer } from "./stream-buffer.ts";

export function shuffled<T>(open: OpenStream<T>, { buffer, rng }: { buffer: number; rng: Rng }): OpenStream<T> {
  if (!Number.isInteger(buffer) || buffer < 1) {
    throw new OptionError(`DataStream.shuffle: expected a whole buffer of at least 1 element, got ${buffer}.`);
  }
  return (state) => new ShuffleCursor(open, { size: buffer, rng: passStream(rng, state), state: state as BufferState | undefined });
}

/** What a pass draws from: drawn at its start, so that the next pass differs even if nobody forked; resumed, that of its place. */
export function passStream(rng: Rng, state: StreamState | undefined): Rng {
  return Rng.fromState(state === undefined ? { key: rng.nextKey(), position: 0 } : ((state as BufferState).rng as unknown as RngState));
}

class ShuffleCursor<T> implements StreamCursor<T> {
  readonly #buffer: StreamBuffer<T>;
  readonly #rng: Rng;

  constructor(open: OpenStream<T>, { size, rng, state }: { size: number; rng: Rng; state: BufferState | undefined }) {
    this.#buffer = new StreamBuffer(open, { size, state });
    this.#rng = rng;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const { held } = this.#buffer;
    await this.#buffer.fill();
    if (held.length === 0) return { done: true, value: undefined };
    // Read before anything is drawn: where that fails, nothing has changed but what was read.
    const next = await this.#buffer.read();
    const slot = this.#rng.integer(0, held.length);
    const { element } = held[slot]!;
    const last = next ?? held.pop()!;
    if (slot < held.length) held[slot] = last;
    return { done: false, value: element };
  }

  state(): StreamState {
    return this.#buffer.state(this.#rng.state);
  }

  close(): Promise<void> {
    return this.#buffer.close();
  }
}
