/** Mixes a stream through a buffer of fixed size. tf.data's `shuffle`; its bias: Heumos et al., "Fisher–Yates in a window". */

import { OptionError, Rng, type RngState } from "@dl/core";
import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";

type ShuffleState = {
  readonly rng: { readonly key: readonly number[]; readonly position: number };
  /** Which elements of the stream the buffer holds, slot by slot. */
  readonly held: readonly number[];
  /** Elements read so far. */
  readonly read: number;
  /** A place at or before the oldest element held. */
  readonly from: Place;
  readonly ended: boolean;
};

type Place = { readonly ordinal: number; readonly inner: StreamState };

export function shuffled<T>(open: OpenStream<T>, { buffer, rng }: { buffer: number; rng: Rng }): OpenStream<T> {
  if (!Number.isInteger(buffer) || buffer < 1) {
    throw new OptionError(`DataStream.shuffle: expected a whole buffer of at least 1 element, got ${buffer}.`);
  }
  return (state) => {
    // Drawn at the start of a pass, so that the next pass differs even if nobody forked.
    const start: ShuffleState | undefined = state as ShuffleState | undefined;
    const stream = Rng.fromState(start === undefined ? { key: rng.nextKey(), position: 0 } : (start.rng as unknown as RngState));
    return new ShuffleCursor(open, { size: buffer, rng: stream, state: start });
  };
}

class ShuffleCursor<T> implements StreamCursor<T> {
  readonly #inner: StreamCursor<T>;
  readonly #size: number;
  readonly #rng: Rng;
  readonly #buffer: { element: T; ordinal: number }[] = [];
  /** Places to read on from, one every so many elements, oldest first. */
  #places: Place[];
  readonly #stride: number;
  #read: number;
  #ended: boolean;
  /** What the buffer has to be filled with before anything else, when resumed. */
  #resume: ShuffleState | undefined;

  constructor(open: OpenStream<T>, { size, rng, state }: { size: number; rng: Rng; state: ShuffleState | undefined }) {
    this.#inner = open(state?.from.inner);
    this.#size = size;
    this.#stride = Math.max(1, size >> 4);
    this.#rng = rng;
    this.#places = [state?.from ?? { ordinal: 0, inner: this.#inner.state() }];
    this.#read = state?.from.ordinal ?? 0;
    this.#ended = false;
    this.#resume = state;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#resume !== undefined) await this.#refill(this.#resume);
    while (!this.#ended && this.#buffer.length < this.#size) {
      const element = await this.#take();
      if (element !== undefined) this.#buffer.push(element);
    }
    if (this.#buffer.length === 0) return { done: true, value: undefined };
    const slot = this.#rng.integer(0, this.#buffer.length);
    const { element } = this.#buffer[slot]!;
    const next = this.#ended ? undefined : await this.#take();
    const last = next ?? this.#buffer.pop()!;
    if (slot < this.#buffer.length) this.#buffer[slot] = last;
    return { done: false, value: element };
  }

  async #take(): Promise<{ element: T; ordinal: number } | undefined> {
    const step = await this.#inner.next();
    if (step.done) {
      this.#ended = true;
      return undefined;
    }
    const ordinal = this.#read++;
    if (this.#read % this.#stride === 0) {
      this.#places.push({ ordinal: this.#read, inner: this.#inner.state() });
      if (this.#places.length > 64) this.#forget();
    }
    return { element: step.value, ordinal };
  }

  /** Reads again what the buffer held. */
  async #refill({ held, read, ended }: ShuffleState): Promise<void> {
    this.#resume = undefined;
    const slots = new Map(held.map((ordinal, slot) => [ordinal, slot]));
    const filled = new Array<{ element: T; ordinal: number }>(held.length);
    while (this.#read < read) {
      const element = await this.#take();
      if (element === undefined) break;
      const slot = slots.get(element.ordinal);
      if (slot !== undefined) filled[slot] = element;
    }
    for (const element of filled) this.#buffer.push(element);
    this.#ended = ended;
  }

  /** Drops the places that lie before the last one not after the oldest element held. */
  #forget(): void {
    const oldest = this.#buffer.reduce((least, { ordinal }) => Math.min(least, ordinal), this.#read);
    const keep = this.#places.findLastIndex(({ ordinal }) => ordinal <= oldest);
    this.#places = this.#places.slice(Math.max(0, keep));
  }

  state(): StreamState {
    if (this.#resume !== undefined) return this.#resume;
    this.#forget();
    const { key, position } = this.#rng.state;
    return {
      rng: { key: [...key], position },
      held: this.#buffer.map(({ ordinal }) => ordinal),
      read: this.#read,
      from: this.#places[0]!,
      ended: this.#ended,
    };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
