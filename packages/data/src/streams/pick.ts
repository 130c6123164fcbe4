/** Elements of a stream chosen by their numbers. */

import { DataError } from "@dl/core";
import type { OpenStream, StreamCursor, StreamState } from "./data-stream.ts";

type PickState = { readonly at: number; readonly inner: StreamState };

/** The elements whose numbers are wanted. Damaged ones have numbers, too; those that nobody wants are passed over. */
export function picked<T>(open: OpenStream<T>, isWanted: (at: number) => boolean): OpenStream<T> {
  return (state) => new PickCursor(open, isWanted, state as PickState | undefined);
}

class PickCursor<T> implements StreamCursor<T> {
  readonly #inner: StreamCursor<T>;
  readonly #isWanted: (at: number) => boolean;
  #at: number;

  constructor(open: OpenStream<T>, isWanted: (at: number) => boolean, state: PickState | undefined) {
    this.#inner = open(state?.inner);
    this.#isWanted = isWanted;
    this.#at = state?.at ?? 0;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (true) {
      const isWanted = this.#isWanted(this.#at);
      try {
        const step = await this.#inner.next();
        if (step.done) return step;
        this.#at++;
        if (isWanted) return step;
      } catch (error) {
        this.#at++;
        if (isWanted || !(error instanceof DataError)) throw error;
      }
    }
  }

  state(): StreamState {
    return { at: this.#at, inner: this.#inner.state() };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
