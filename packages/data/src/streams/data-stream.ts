/**
 * Data that is read front to back: files larger than memory, shards, lines. A stream is a recipe; opening it gives a cursor, which has a
 * place. A place is plain JSON, and a stream opened there goes on exactly as the cursor would have.
 */

import { DataError, OptionError, type Rng } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { ConcurrentCursor } from "./map-async.ts";
import { mapped } from "./map-stream.ts";
import { picked } from "./pick.ts";
import { shuffled } from "./shuffle-buffer.ts";

/** Where a cursor stands: plain JSON, of a form that only its own stream reads. */
export type StreamState = null | boolean | number | string | readonly StreamState[] | { readonly [key: string]: StreamState };

/** One pass over a stream. */
export interface StreamCursor<T> {
  /** A `DataError` is about one element, or about all that is left of a source; the cursor is past it, and the next call goes on behind. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** The place after what `next` gave last. */
  state(): StreamState;
  /** Closes files; a cursor that was read to its end has closed them. */
  close(): Promise<void>;
}

/** Opens a cursor at the start, or at a place a cursor of the same stream had. */
export type OpenStream<T> = (state: StreamState | undefined) => StreamCursor<T>;

export interface MapOptions {
  /** Called for an element that cannot be changed, which is then left out. Without it the `DataError` is thrown in its turn. */
  onDamaged?: ((error: DataError, index: number) => void) | undefined;
}

export interface MapAsyncOptions extends MapOptions {
  /** Calls under way at once, at least 1; what comes out keeps the order. Default 4. */
  concurrency?: number | undefined;
}

export interface ShardOptions {
  /** Shards in all, at least 1. */
  count: number;
  /** Which of them, from 0. */
  index: number;
}

export interface ShuffleOptions {
  /** Elements held at once: the larger, the better mixed. */
  buffer: number;
  rng: Rng;
}

/** A stream of `T`. Nothing is read before somebody iterates; each iteration is a new pass from the start. */
export class DataStream<T> implements AsyncIterable<T> {
  readonly #open: OpenStream<T>;

  constructor(open: OpenStream<T>) {
    this.#open = open;
  }

  /** A pass, from the start or from a `state`. */
  open(state?: StreamState): StreamCursor<T> {
    return this.#open(state);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const cursor = this.open();
    try {
      for (let step = await cursor.next(); !step.done; step = await cursor.next()) yield step.value;
    } finally {
      await cursor.close();
    }
  }

  /** Every element changed. `index` is its number in the stream, damaged ones counted; the function must give the same for the same element. */
  map<Out>(change: (element: T, index: number) => Out, { onDamaged }: MapOptions = {}): DataStream<Out> {
    return new DataStream(
      mapped(
        this.#open,
        tolerant((element, index) => [change(element, index)], onDamaged),
      ),
    );
  }

  /** Only the elements that pass. */
  filter(keep: (element: T, index: number) => boolean): DataStream<T> {
    return new DataStream(mapped(this.#open, (element, index) => (keep(element, index) ? [element] : [])));
  }

  /** Every element as any number of others: a document as its paragraphs. */
  flatMap<Out>(change: (element: T, index: number) => readonly Out[], { onDamaged }: MapOptions = {}): DataStream<Out> {
    return new DataStream(mapped(this.#open, tolerant(change, onDamaged)));
  }

  /** Every element changed by work that takes its time, several at once: decoding by a library with threads of its own, a request. */
  mapAsync<Out>(
    change: (element: T, index: number) => Promise<Out>,
    { concurrency = 4, onDamaged }: MapAsyncOptions = {},
  ): DataStream<Out> {
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new OptionError(`DataStream.mapAsync: expected a whole concurrency of at least 1, got ${concurrency}.`);
    }
    return new DataStream((state) => new ConcurrentCursor(this.#open, { state, change, concurrency, onDamaged }));
  }

  /**
   * Mixes elements through a buffer: each time a random one of it comes out and the next of the stream takes its place. The state holds
   * the places of what is in the buffer, not the elements; these are read again when a pass is resumed.
   */
  shuffle({ buffer, rng }: ShuffleOptions): DataStream<T> {
    return new DataStream(shuffled(this.#open, { buffer, rng }));
  }

  /** The first `count` elements, or all of a shorter stream. */
  take(count: number): DataStream<T> {
    if (!Number.isInteger(count) || count < 0)
      throw new OptionError(`DataStream.take: expected a whole count of at least 0, got ${count}.`);
    return new DataStream((state) => new TakeCursor(this.#open, count, state));
  }

  /** What `take(count)` leaves: validation data and training data of one stream. */
  skip(count: number): DataStream<T> {
    if (!Number.isInteger(count) || count < 0)
      throw new OptionError(`DataStream.skip: expected a whole count of at least 0, got ${count}.`);
    return new DataStream(picked(this.#open, (at) => at >= count));
  }

  /** Every `count`-th element, from the `index`-th on: each of several processes reads one shard, and together they read all. */
  shard({ count, index }: ShardOptions): DataStream<T> {
    if (!Number.isInteger(count) || count < 1 || !Number.isInteger(index) || index < 0 || index >= count) {
      throw new OptionError(
        `DataStream.shard: expected a whole count of at least 1 and an index from 0 to count − 1, got ${count} and ${index}.`,
      );
    }
    return new DataStream(picked(this.#open, (at) => at % count === index));
  }
}

/** `change`, with nothing in the place of what is damaged. */
function tolerant<T, Out>(
  change: (element: T, index: number) => readonly Out[],
  onDamaged: MapOptions["onDamaged"],
): (element: T, index: number) => readonly Out[] {
  if (onDamaged === undefined) return change;
  return (element, index) => {
    try {
      return change(element, index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      onDamaged(error, index);
      return [];
    }
  };
}

/** The examples of a dataset as a stream, in order. */
export function streamOf<E extends Example>(dataset: Dataset<E>): DataStream<E> {
  return sequenceStream(dataset.length, (index) => dataset.get(index));
}

/** `length` elements made by number. */
export function sequenceStream<T>(length: number, get: (index: number) => T): DataStream<T> {
  return new DataStream((state) => {
    let at = (state as number | undefined) ?? 0;
    return {
      next: async () => (at < length ? { done: false, value: get(at++) } : { done: true, value: undefined }),
      state: () => at,
      close: async () => {},
    };
  });
}

class TakeCursor<T> implements StreamCursor<T> {
  readonly #inner: StreamCursor<T>;
  readonly #count: number;
  #taken: number;

  constructor(open: OpenStream<T>, count: number, state: StreamState | undefined) {
    const { taken, inner } = (state ?? { taken: 0 }) as { taken: number; inner?: StreamState };
    this.#inner = open(inner);
    this.#count = count;
    this.#taken = taken;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#taken < this.#count) {
      // Counted before it is read: a damaged element is one of the first, too.
      this.#taken++;
      const step = await this.#inner.next();
      if (!step.done) return step;
      this.#taken = this.#count;
    }
    await this.close();
    return { done: true, value: undefined };
  }

  state(): StreamState {
    return { taken: this.#taken, inner: this.#inner.state() };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
