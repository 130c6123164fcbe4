/** Several streams as one: one after the other, in turns, or at random in given shares. */

import { DataError, OptionError, Rng, type RngState } from "@dl/core";
import { DataStream, type StreamCursor, type StreamState } from "./data-stream.ts";

export interface ChainOptions {
  /** Draws the order of the streams anew in every pass: shards. Default: as listed. */
  shuffle?: Rng | undefined;
}

/** One stream after the other; only one is open at a time. */
export function chain<T>(streams: readonly DataStream<T>[], { shuffle }: ChainOptions = {}): DataStream<T> {
  type ChainState = { readonly at: number; readonly inner: StreamState | null; readonly rng: RngState | null };
  return new DataStream((given) => {
    const state = given as unknown as ChainState | undefined;
    const rng = state === undefined ? (shuffle === undefined ? null : { key: shuffle.nextKey(), position: 0 }) : state.rng;
    const order = rng === null ? undefined : Rng.fromState(rng).permutation(streams.length);
    const streamAt = (at: number): DataStream<T> => streams[order?.[at] ?? at]!;
    let at = state?.at ?? 0;
    let cursor: StreamCursor<T> | undefined;
    let inner = state?.inner ?? null;
    return {
      next: async () => {
        for (; at < streams.length; at++) {
          cursor ??= streamAt(at).open(inner ?? undefined);
          const step = await cursor.next();
          if (!step.done) return step;
          await cursor.close();
          cursor = undefined;
          inner = null;
        }
        return { done: true, value: undefined };
      },
      state: () => ({ at, inner: cursor?.state() ?? inner, rng }) as unknown as StreamState,
      close: async () => cursor?.close(),
    };
  });
}

export interface InterleaveOptions {
  /** Elements taken of a stream before the next one's turn, at least 1. Default 1. */
  block?: number | undefined;
}

/** Streams in turns; one that ends drops out. */
export function interleave<T>(streams: readonly DataStream<T>[], { block = 1 }: InterleaveOptions = {}): DataStream<T> {
  if (!Number.isInteger(block) || block < 1) throw new OptionError(`interleave: expected a whole block of at least 1, got ${block}.`);
  type TurnState = {
    readonly turn: number;
    readonly taken: number;
    readonly ended: readonly boolean[];
    readonly inner: readonly StreamState[];
  };
  return new DataStream((given) => {
    const state = given as unknown as TurnState | undefined;
    const cursors = streams.map((stream, i) => stream.open(state?.inner[i]));
    const ended = state === undefined ? streams.map(() => false) : [...state.ended];
    let turn = state?.turn ?? 0;
    let taken = state?.taken ?? 0;
    return {
      next: async () => {
        while (ended.includes(false)) {
          if (taken < block && !ended[turn]!) {
            // Counted before it is read: a damaged element has had its turn.
            taken++;
            const step = await cursors[turn]!.next();
            if (!step.done) return step;
            ended[turn] = true;
          }
          turn = (turn + 1) % streams.length;
          taken = 0;
        }
        return { done: true, value: undefined };
      },
      state: () => ({ turn, taken, ended: [...ended], inner: cursors.map((cursor) => cursor.state()) }),
      close: () => closeAll(cursors),
    };
  });
}

export interface MixOptions {
  /** The share of each stream, one number of at least 0 each. Default: equal. */
  weights?: readonly number[] | undefined;
  rng: Rng;
  /** When one stream ends: go on with the others, or end there, which keeps the shares. Default `"all"`. */
  until?: "all" | "first" | undefined;
}

/** Each element from a stream drawn at random in proportion to its weight. */
export function mix<T>(
  streams: readonly DataStream<T>[],
  { weights = streams.map(() => 1), rng, until = "all" }: MixOptions,
): DataStream<T> {
  if (
    weights.length !== streams.length ||
    weights.some((weight) => !(weight >= 0 && weight < Infinity)) ||
    !weights.some((weight) => weight > 0)
  ) {
    throw new OptionError(`mix: expected ${streams.length} finite weights of at least 0, one above 0, got [${weights.join(", ")}].`);
  }
  type MixState = { readonly rng: RngState; readonly ended: readonly boolean[]; readonly inner: readonly StreamState[] };
  return new DataStream((given) => {
    const state = given as unknown as MixState | undefined;
    const stream = Rng.fromState(state?.rng ?? { key: rng.nextKey(), position: 0 });
    const cursors = streams.map((source, i) => source.open(state?.inner[i]));
    const ended = state === undefined ? weights.map((weight) => weight === 0) : [...state.ended];
    return {
      next: async () => {
        while (ended.includes(false)) {
          const shares = weights.map((weight, i) => (ended[i]! ? 0 : weight));
          const chosen = stream.categorical([1], shares).data[0]!;
          const step = await cursors[chosen]!.next();
          if (!step.done) return step;
          if (until === "first") ended.fill(true);
          else ended[chosen] = true;
        }
        return { done: true, value: undefined };
      },
      state: () => ({ rng: stream.state, ended: [...ended], inner: cursors.map((cursor) => cursor.state()) }) as unknown as StreamState,
      close: () => closeAll(cursors),
    };
  });
}

/**
 * Streams element by element in pairs; the shorter ends it. So does a damaged element, once its error was thrown: how much one of the two
 * lost is not known, and pairs that do not belong together are worse than none. Leave damaged ones out of the pairs, not of the parts.
 */
export function zip<A, B>(first: DataStream<A>, second: DataStream<B>): DataStream<[A, B]> {
  return new DataStream((given) => {
    const state = given as readonly [StreamState, StreamState] | null | undefined;
    const a = first.open(state?.[0]);
    const b = second.open(state?.[1]);
    let isOver = state === null;
    return {
      next: async () => {
        if (isOver) return { done: true, value: undefined };
        try {
          const left = await a.next();
          const right = left.done ? left : await b.next();
          return left.done || right.done ? { done: true, value: undefined } : { done: false, value: [left.value, right.value] };
        } catch (error) {
          isOver = true;
          throw error;
        }
      },
      state: () => (isOver ? null : [a.state(), b.state()]),
      close: () => closeAll([a, b]),
    };
  });
}

async function closeAll(cursors: readonly StreamCursor<unknown>[]): Promise<void> {
  const closed = await Promise.allSettled(cursors.map((cursor) => cursor.close()));
  const failed = closed.find((result) => result.status === "rejected");
  if (failed !== undefined) throw new DataError(`DataStream: expected every file to close, got: ${String(failed.reason)}.`);
}
