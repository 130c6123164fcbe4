/** Which elements of a stream come into one batch: drawn in order, through a buffer, or by length. */

import { OptionError, Rng } from "@dl/core";
import type { DataStream, OpenStream, StreamCursor, StreamState } from "./data-stream.ts";
import { lengthGroups } from "./length-buffer.ts";
import { type Numbered, numbered } from "./numbered.ts";

export interface StreamGroupsOptions<T> {
  batchSize: number;
  shuffle: Rng | undefined;
  shuffleBuffer: number;
  dropLast: boolean;
  lengthOf: ((element: T) => number) | undefined;
  state: StreamState | undefined;
}

/** Opens a cursor of groups. A damaged element is in its group as any other. */
export function openGroups<T>(stream: DataStream<T>, options: StreamGroupsOptions<T>): StreamCursor<readonly Numbered<T>[]> {
  const { batchSize, shuffle, shuffleBuffer, dropLast, lengthOf, state } = options;
  const source = numbered(stream);
  // Resumed, the stream to draw from comes out of the state, which also says whether there is one.
  const rng = state === undefined ? shuffle : isShuffled(state) ? new Rng(0) : undefined;
  if (lengthOf !== undefined) {
    if (rng === undefined) {
      throw new OptionError(
        'batches: expected a stream to draw from beside lengthOf, got none. Pass shuffle: rng.fork("order"), one fork an epoch.',
      );
    }
    const open: OpenStream<Numbered<T>> = (place) => source.open(place);
    // Of a damaged element there is no length: it goes with the shortest.
    const numberedLength = (item: Numbered<T>): number => ("error" in item ? 0 : checkedLength(lengthOf(item.element)));
    const groups = lengthGroups(open, { buffer: shuffleBuffer, size: batchSize, rng, lengthOf: numberedLength });
    return wholeGroups(groups(state), { batchSize, dropLast });
  }
  const mixed = rng === undefined ? source : source.shuffle({ buffer: shuffleBuffer, rng });
  return wholeGroups(collected(mixed.open(state), batchSize), { batchSize, dropLast });
}

/** Elements in groups of `size`, as they come. */
function collected<T>(cursor: StreamCursor<T>, size: number): StreamCursor<readonly T[]> {
  // Kept when reading fails in the middle: nothing that was read is lost.
  let group: T[] = [];
  let ended = false;
  return {
    next: async () => {
      while (!ended && group.length < size) {
        const step = await cursor.next();
        if (step.done) ended = true;
        else group.push(step.value);
      }
      if (group.length === 0) return { done: true, value: undefined };
      const value = group;
      group = [];
      return { done: false, value };
    },
    state: () => cursor.state(),
    close: () => cursor.close(),
  };
}

/** Without the last group, if it is smaller and not wanted. */
function wholeGroups<T>(
  cursor: StreamCursor<readonly T[]>,
  { batchSize, dropLast }: { batchSize: number; dropLast: boolean },
): StreamCursor<readonly T[]> {
  if (!dropLast) return cursor;
  return {
    next: async () => {
      const step = await cursor.next();
      return step.done || step.value.length === batchSize ? step : { done: true, value: undefined };
    },
    state: () => cursor.state(),
    close: () => cursor.close(),
  };
}

function checkedLength(length: number): number {
  if (!Number.isFinite(length)) throw new OptionError(`batches: expected lengthOf to give a finite number, got ${length}.`);
  return length;
}

/** Whether a place is that of a shuffled pass: told by its form. */
export function isShuffled(state: StreamState): boolean {
  return typeof state === "object" && state !== null && "held" in state;
}
