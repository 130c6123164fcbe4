/** Elements of a stream, changed several at once and given in order. */

import { DataError } from "@dl/core";
import type { MapOptions, OpenStream, StreamCursor, StreamState } from "./data-stream.ts";

type ConcurrentState = { readonly index: number; readonly inner: StreamState };

export interface ConcurrentCursorOptions<T, Out> {
  readonly state: StreamState | undefined;
  readonly change: (element: T, index: number) => Promise<Out>;
  readonly concurrency: number;
  readonly onDamaged: MapOptions["onDamaged"];
}

/** Work under way. */
interface Coming<Out> {
  readonly result: Promise<Out>;
  readonly index: number;
  /** Whether there was an element to be changed: where there was none, the failure is not that of `change`. */
  readonly isChanged: boolean;
  /** The place behind the element. */
  readonly after: ConcurrentState;
}

export class ConcurrentCursor<T, Out> implements StreamCursor<Out> {
  readonly #inner: StreamCursor<T>;
  readonly #options: ConcurrentCursorOptions<T, Out>;
  readonly #coming: Coming<Out>[] = [];
  #given: ConcurrentState;
  #asked: number;
  #ended = false;

  constructor(open: OpenStream<T>, options: ConcurrentCursorOptions<T, Out>) {
    const { index, inner } = (options.state ?? { index: 0 }) as { index: number; inner?: StreamState };
    this.#inner = open(inner);
    this.#options = options;
    this.#given = { index, inner: this.#inner.state() };
    this.#asked = index;
  }

  async next(): Promise<IteratorResult<Out, undefined>> {
    for (;;) {
      await this.#fill();
      const first = this.#coming[0];
      if (first === undefined) return { done: true, value: undefined };
      try {
        return { done: false, value: await first.result };
      } catch (error) {
        const { onDamaged } = this.#options;
        if (!first.isChanged || onDamaged === undefined || !(error instanceof DataError)) throw error;
        onDamaged(error, first.index);
      } finally {
        this.#coming.shift();
        this.#given = first.after;
      }
    }
  }

  async #fill(): Promise<void> {
    const { change, concurrency } = this.#options;
    while (!this.#ended && this.#coming.length < concurrency) {
      const index = this.#asked;
      let isChanged = false;
      let result: Promise<Out>;
      try {
        const step = await this.#inner.next();
        if (step.done) {
          this.#ended = true;
          break;
        }
        isChanged = true;
        result = change(step.value, index);
      } catch (error) {
        // It comes in its turn: what was read before it is given first.
        result = Promise.reject(error);
      }
      // A failure belongs to the call that gets to it; until then it must not count as unhandled.
      result.catch(() => {});
      this.#asked++;
      this.#coming.push({ result, index, isChanged, after: { index: this.#asked, inner: this.#inner.state() } });
    }
  }

  state(): StreamState {
    return this.#given;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#coming.map(({ result }) => result));
    await this.#inner.close();
  }
}
