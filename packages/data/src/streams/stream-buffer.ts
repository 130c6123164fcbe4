/** Elements of a stream held ready, and a place that says which: what shuffling and bucketing choose from. */

import { DataError, type RngState } from "@dl/core";
import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";

/** A buffer's place: the numbers of what it holds, not the elements. */
export type BufferState = {
  readonly rng: { readonly key: readonly number[]; readonly position: number };
  /** Which elements of the stream the buffer holds, slot by slot. */
  readonly held: readonly number[];
  /** Elements read so far, damaged ones included. */
  readonly read: number;
  /** A place at or before the oldest element held. */
  readonly from: Place;
  readonly ended: boolean;
};

type Place = { readonly ordinal: number; readonly inner: StreamState };

export interface Held<T> {
  readonly element: T;
  readonly ordinal: number;
}

export class StreamBuffer<T> {
  /** What is held, slot by slot: whoever uses the buffer takes elements out. */
  readonly held: Held<T>[] = [];
  readonly #inner: StreamCursor<T>;
  readonly #size: number;
  /** Places to read on from, one every so many elements, oldest first. */
  #places: Place[];
  readonly #stride: number;
  #read: number;
  #ended = false;
  /** What the buffer has to be filled with before anything else, when resumed, and as much of it as was read again. */
  #resume: { readonly state: BufferState; readonly found: Map<number, Held<T>> } | undefined;

  constructor(open: OpenStream<T>, { size, state }: { size: number; state: BufferState | undefined }) {
    this.#inner = open(state?.from.inner);
    this.#size = size;
    this.#stride = Math.max(1, size >> 4);
    this.#places = [state?.from ?? { ordinal: 0, inner: this.#inner.state() }];
    this.#read = state?.from.ordinal ?? 0;
    this.#resume = state && { state, found: new Map() };
  }

  /** Reads until the buffer is full, or the stream at its end. */
  async fill(): Promise<void> {
    if (this.#resume !== undefined) await this.#refill();
    while (!this.#ended && this.held.length < this.#size) {
      const element = await this.read();
      if (element !== undefined) this.held.push(element);
    }
  }

  /** The next element of the stream, which is not held; undefined at the end. A damaged one is passed over, and thrown. */
  async read(): Promise<Held<T> | undefined> {
    if (this.#ended) return undefined;
    let step: IteratorResult<T, undefined>;
    try {
      step = await this.#inner.next();
    } catch (error) {
      this.#count();
      throw error;
    }
    if (step.done) {
      this.#ended = true;
      return undefined;
    }
    return { element: step.value, ordinal: this.#count() };
  }

  #count(): number {
    const ordinal = this.#read++;
    if (this.#read % this.#stride === 0) {
      this.#places.push({ ordinal: this.#read, inner: this.#inner.state() });
      if (this.#places.length > 64) this.#forget();
    }
    return ordinal;
  }

  /** Reads again what the buffer held. */
  async #refill(): Promise<void> {
    const { state, found } = this.#resume!;
    const wanted = new Set(state.held);
    while (this.#read < state.read && !this.#ended) {
      try {
        const element = await this.read();
        if (element !== undefined && wanted.has(element.ordinal)) found.set(element.ordinal, element);
      } catch (error) {
        // Damaged ones were told of when they were read for the first time.
        if (!(error instanceof DataError)) throw error;
      }
    }
    for (const ordinal of state.held) {
      const element = found.get(ordinal);
      if (element === undefined) {
        throw new DataError(
          `DataStream: expected element ${ordinal} of the stream to be what the saved place holds, got none. Resume with the data of the interrupted run.`,
        );
      }
      this.held.push(element);
    }
    this.#ended = state.ended;
    this.#resume = undefined;
  }

  /** Drops the places that lie before the last one not after the oldest element held. */
  #forget(): void {
    // While it is filled again, what it will hold counts, too.
    const ordinals = this.#resume?.state.held ?? this.held.map(({ ordinal }) => ordinal);
    const oldest = ordinals.reduce((least, ordinal) => Math.min(least, ordinal), this.#read);
    const keep = this.#places.findLastIndex(({ ordinal }) => ordinal <= oldest);
    this.#places = this.#places.slice(Math.max(0, keep));
  }

  state({ key, position }: RngState): StreamState {
    if (this.#resume !== undefined) return this.#resume.state;
    this.#forget();
    return {
      rng: { key: [...key], position },
      held: this.held.map(({ ordinal }) => ordinal),
      read: this.#read,
      from: this.#places[0]!,
      ended: this.#ended,
    };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
