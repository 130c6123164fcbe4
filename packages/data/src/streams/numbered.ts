/** The elements of a stream with their numbers, damaged ones among them: each keeps its place in the order and in its batch. */

import { DataError } from "@dl/core";
import { DataStream, type StreamState } from "./data-stream.ts";

/** An element by its number in the stream, or why there is none. */
export type Numbered<T> = { readonly index: number; readonly element: T } | { readonly index: number; readonly error: DataError };

/** Goes on behind whatever fails with a `DataError`. */
export function numbered<T>(stream: DataStream<T>): DataStream<Numbered<T>> {
  type NumberedState = { readonly index: number; readonly inner?: StreamState };
  return new DataStream<Numbered<T>>((state) => {
    const { index: start, inner } = (state ?? { index: 0 }) as NumberedState;
    const cursor = stream.open(inner);
    let index = start;
    return {
      next: async () => {
        try {
          const step = await cursor.next();
          return step.done ? step : { done: false, value: { index: index++, element: step.value } };
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          return { done: false, value: { index: index++, error } };
        }
      },
      state: () => ({ index, inner: cursor.state() }),
      close: () => cursor.close(),
    };
  });
}
