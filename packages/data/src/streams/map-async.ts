/** Elements of a stream, changed several at once and given in order. */

import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";

type ConcurrentState = { readonly index: number; readonly inner: StreamState };

export interface ConcurrentCursorOptions<T, Out> {
  readonly state: StreamState | undefined;
  readonly change: (element: T, index: number) => Promise<Out>;
  readonly concurrency: number;
}

export class ConcurrentCursor<T, Out> implements StreamCursor<Out> {
  readonly #inner: StreamCursor<T>;
  readonly #options: ConcurrentCursorOptions<T, Out>;
  /** Work under way, with the place after each element. */
  readonly #coming: { result: Promise<Out>; after: ConcurrentState }[] = [];
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
    const { change, concurrency } = this.#options;
    while (!this.#ended && this.#coming.length < concurrency) {
      const step = await this.#inner.next();
      if (step.done) {
        this.#ended = true;
        break;
      }
      const result = change(step.value, this.#asked++);
      // A failure belongs to the call that gets to it; until then it must not count as unhandled.
      result.catch(() => {});
      this.#coming.push({ result, after: { index: this.#asked, inner: this.#inner.state() } });
    }
    const first = this.#coming[0];
    if (first === undefined) return { done: true, value: undefined };
    const value = await first.result;
    this.#coming.shift();
    this.#given = first.after;
    return { done: false, value };
  }

  state(): StreamState {
    return this.#given;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#coming.map(({ result }) => result));
    await this.#inner.close();
  }
}
