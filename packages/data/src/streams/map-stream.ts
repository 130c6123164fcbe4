/** Elements of a stream, each changed into any number of others. */

import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";

type MapState = { readonly index: number; readonly given: number; readonly inner: StreamState };

export function mapped<T, Out>(open: OpenStream<T>, change: (element: T, index: number) => readonly Out[]): OpenStream<Out> {
  return (state) => new MapCursor(open, change, state as MapState | undefined);
}

class MapCursor<T, Out> implements StreamCursor<Out> {
  readonly #inner: StreamCursor<T>;
  readonly #change: (element: T, index: number) => readonly Out[];
  #outputs: readonly Out[] = [];
  #given = 0;
  /** Outputs to pass over: those given before the place this cursor was opened at. */
  #skip: number;
  /** The element whose outputs are being given, and the inner place before it. */
  #index: number;
  #before: StreamState;

  constructor(open: OpenStream<T>, change: (element: T, index: number) => readonly Out[], state: MapState | undefined) {
    this.#inner = open(state?.inner);
    this.#change = change;
    this.#index = state?.index ?? 0;
    this.#skip = state?.given ?? 0;
    this.#before = this.#inner.state();
  }

  async next(): Promise<IteratorResult<Out, undefined>> {
    while (this.#given >= this.#outputs.length) {
      if (this.#outputs.length > 0 || this.#advanced) this.#step();
      let step: IteratorResult<T, undefined>;
      try {
        step = await this.#inner.next();
      } catch (error) {
        // A damaged element has a number, too.
        this.#step();
        throw error;
      }
      if (step.done) return step;
      this.#advanced = true;
      this.#outputs = this.#change(step.value, this.#index);
      this.#given = this.#skip;
      this.#skip = 0;
    }
    return { done: false, value: this.#outputs[this.#given++]! };
  }

  /** Whether an element was taken whose outputs are not all given. */
  #advanced = false;

  #step(): void {
    this.#index++;
    this.#before = this.#inner.state();
    this.#outputs = [];
    this.#given = 0;
    this.#advanced = false;
  }

  state(): StreamState {
    if (this.#advanced && this.#given >= this.#outputs.length) this.#step();
    return { index: this.#index, given: this.#advanced ? this.#given : this.#skip, inner: this.#before };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
