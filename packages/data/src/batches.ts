/** One pass over a dataset in batches: shuffled, transformed, and resumable at any batch. */

import { DataError, OptionError, Rng, type RngState } from "@dl/core";
import type { Collate } from "./collate/pad-fields.ts";
import type { Dataset, Example } from "./dataset.ts";
import { occurrencesIn, occurrencesOfKept } from "./orders/occurrences.ts";
import { type Order, permutationOrder } from "./orders/order.ts";
import { noneReadable, readExampleAsync, readExamples, readExamplesAsync } from "./read-examples.ts";
import { DataStream } from "./streams/data-stream.ts";
import { type StreamBatches, type StreamBatchesOptions, streamBatches } from "./streams/stream-batches.ts";
import { Pipeline, type Transform } from "./transforms/transform.ts";

export interface BatchesOptions<E extends Example = Example> {
  /** Examples in a batch, at least 1. */
  batchSize: number;
  /** Reads in an order drawn from this stream; without it in the dataset's order. Fork one for every epoch. */
  shuffle?: Rng | undefined;
  /** Which examples are read and in which order: `weightedOrder`, `balancedOrder`, `lengthOrder`. Needs `shuffle`. Default: each once. */
  order?: Order | undefined;
  /** Makes a batch of examples, such as `padFields`. Default: they are stacked, and must have equal shapes. */
  collate?: Collate<E> | undefined;
  /**
   * Called for an example that cannot be read, which is then left out: its batch is smaller, and passed over where nothing is left of it.
   * A pass of which nothing can be read is still a `DataError`, at its end. Without `onDamaged` the first damaged example ends the pass.
   * Datasets that read whole batches (`getBatch`) at once are read example by example then.
   */
  onDamaged?: ((error: DataError, index: number) => void) | undefined;
  /** Leaves out a last batch that would be smaller. Default `false`. */
  dropLast?: boolean | undefined;
  /** Applied to each batch in this order, in place. */
  transform?: Transform<E> | readonly Transform<E>[] | undefined;
  /** Where random transforms draw from. Fork one for every epoch. */
  rng?: Rng | undefined;
  /** Goes on where a pass with this `state` stood: the same batches remain. `shuffle` and `rng` are taken from the state. */
  resume?: BatchesState | undefined;
}

/** Where a pass stands: plain JSON. */
export interface BatchesState {
  /** Batches already given, and those passed over because all of their examples were damaged. */
  readonly position: number;
  readonly length: number;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** Whether there is an `order`. States of before it was noted lack it. */
  readonly ordered?: boolean | undefined;
  readonly shuffle: RngState | null;
  readonly rng: RngState | null;
}

/**
 * One pass over `dataset`. It is an iterator with a place: leaving the loop and looping again goes on; a new epoch is a new pass.
 *
 * @returns Batches whose fields have a batch axis in front: images float32 `[B, H, W, C]`, labels int32 `[B]`.
 * @throws OptionError for a batch size below 1; DataError for an empty dataset, or a `resume` state of another dataset or other options.
 * @example
 * for (const batch of batches(points, { batchSize: 2, shuffle: rng.fork("epoch 0") })) {
 *   batch.inputs; // float32 [2, 2]
 *   batch.labels; // int32 [2]
 * }
 */
export function batches<E extends Example>(dataset: Dataset<E>, options: BatchesOptions<E>): Batches<E>;
/**
 * One pass over a stream, which is read front to back: the same batches, asynchronous, shuffled through a buffer.
 *
 * @example
 * for await (const batch of batches(streamOf(points), { batchSize: 2, shuffle: rng.fork("epoch 0"), shuffleBuffer: 100 })) {
 *   batch.labels; // int32 [2]
 * }
 */
export function batches<E extends Example>(stream: DataStream<E>, options: StreamBatchesOptions<E>): StreamBatches<E>;
export function batches<E extends Example>(
  source: Dataset<E> | DataStream<E>,
  options: BatchesOptions<E> | StreamBatchesOptions<E>,
): Batches<E> | StreamBatches<E> {
  return source instanceof DataStream
    ? streamBatches(source, options as StreamBatchesOptions<E>)
    : new Batches(source, options as BatchesOptions<E>);
}

/** A pass over a dataset; `batches` makes it. */
export class Batches<E extends Example> implements IterableIterator<E, undefined> {
  /** Batches in the whole pass. */
  readonly length: number;
  readonly #dataset: Dataset<E>;
  readonly #options: Pick<BatchesOptions<E>, "collate" | "onDamaged">;
  readonly #plan: Omit<BatchesState, "position">;
  readonly #order: Int32Array | undefined;
  readonly #occurrences: Int32Array | undefined;
  readonly #pipeline: Pipeline<E>;
  #position: number;

  constructor(dataset: Dataset<E>, options: BatchesOptions<E>) {
    const { batchSize, shuffle, order, collate, onDamaged, dropLast = false, transform = [], rng, resume } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new OptionError(`batches: expected a whole batchSize of at least 1, got ${batchSize}.`);
    }
    if (dataset.length === 0) throw new DataError("batches: expected a dataset with at least one example, got an empty one.");
    const ordered = order !== undefined;
    if (resume !== undefined) checkResume(resume, { length: dataset.length, batchSize, dropLast, ordered });
    // Both are drawn from the caller's streams, which move on: the next pass differs even if nobody forked.
    // Each state is taken right before its draw, so that one stream may serve as both.
    const shuffleRng = resume === undefined ? shuffle : restore(resume.shuffle);
    if (order !== undefined && shuffleRng === undefined) {
      throw new OptionError(
        'batches: expected a stream for the order to draw from, got none. Pass shuffle: rng.fork("order"), one fork an epoch.',
      );
    }
    const shuffleState = shuffleRng?.state ?? null;
    this.#order = shuffleRng && (order ?? permutationOrder)({ length: dataset.length, batchSize, rng: shuffleRng });
    this.#occurrences = order && this.#order && occurrencesIn(this.#order, { length: dataset.length });
    const transformRng = resume === undefined ? rng : restore(resume.rng);
    this.#plan = { length: dataset.length, batchSize, dropLast, ordered, shuffle: shuffleState, rng: transformRng?.state ?? null };
    this.#pipeline = new Pipeline(typeof transform === "function" ? [transform] : transform, transformRng);
    const examples = this.#order?.length ?? dataset.length;
    this.length = dropLast ? Math.floor(examples / batchSize) : Math.ceil(examples / batchSize);
    if (resume !== undefined && resume.position > this.length) {
      throw new DataError(
        `batches: expected resume.position to be at most ${this.length}, the batches of the pass, got ${resume.position}. Resume with the dataset and options of the interrupted run.`,
      );
    }
    this.#dataset = dataset;
    this.#options = { collate, onDamaged };
    this.#position = resume?.position ?? 0;
  }

  /** Where the pass stands now. */
  get state(): BatchesState {
    return { position: this.#position, ...this.#plan };
  }

  /** The examples of batch `position`, in order. */
  indices(position: number): Int32Array {
    const start = position * this.#plan.batchSize;
    const end = Math.min(start + this.#plan.batchSize, this.#order?.length ?? this.#plan.length);
    return this.#order?.slice(start, end) ?? Int32Array.from({ length: end - start }, (_, i) => start + i);
  }

  /** How often each example of batch `position` came before in the pass; `undefined` where the order repeats none. */
  occurrences(position: number): Int32Array | undefined {
    const start = position * this.#plan.batchSize;
    return this.#occurrences?.slice(start, start + this.#plan.batchSize);
  }

  /**
   * Batch `position` of this pass, which stays where it is: any batch can be had without the ones before it.
   *
   * @throws DataError where all of its examples are damaged.
   */
  at(position: number): E {
    if (!Number.isInteger(position) || position < 0 || position >= this.length) {
      throw new OptionError(`Batches.at: expected a position from 0 to ${this.length - 1}, got ${position}.`);
    }
    const batch = this.#readAt(position);
    if (batch === undefined) throw noneReadable(`batch ${position}`);
    return batch;
  }

  #readAt(position: number): E | undefined {
    return this.read(this.indices(position), { occurrences: this.occurrences(position) });
  }

  /** The examples `indices` as this pass makes batches of them: what a worker is asked for. Undefined where all are damaged. */
  read(indices: Int32Array, { occurrences }: { occurrences?: Int32Array | undefined } = {}): E | undefined {
    const { batch, kept } = readExamples(this.#dataset, indices, this.#options);
    if (batch !== undefined) this.#pipeline.apply(batch, kept, { occurrences: occurrencesOfKept(kept, { indices, occurrences }) });
    return batch;
  }

  /** As `read`, through the dataset's `getBatchAsync` where it has one. */
  async readAsync(indices: Int32Array, { occurrences }: { occurrences?: Int32Array | undefined } = {}): Promise<E | undefined> {
    const dataset = this.#dataset;
    if (dataset.getBatchAsync === undefined) return this.read(indices, { occurrences });
    const { batch, kept } =
      this.#options.collate === undefined
        ? await dataset.getBatchAsync(indices, { onDamaged: this.#options.onDamaged })
        : await readExamplesAsync((index) => readExampleAsync(dataset, index), indices, this.#options);
    if (batch !== undefined) this.#pipeline.apply(batch, kept, { occurrences: occurrencesOfKept(kept, { indices, occurrences }) });
    return batch;
  }

  next(): IteratorResult<E, undefined> {
    for (let position = this.#position; position < this.length; position++) {
      const value = this.#readAt(position);
      if (value === undefined) continue;
      this.#position = position + 1;
      return { done: false, value };
    }
    // Whoever stands at the start has been given nothing.
    if (this.#position === 0 && this.length > 0) throw noneReadable("the whole dataset");
    this.#position = this.length;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

function restore(state: RngState | null): Rng | undefined {
  return state === null ? undefined : Rng.fromState(state);
}

function checkResume(state: BatchesState, now: Pick<BatchesState, "length" | "batchSize" | "dropLast" | "ordered">): void {
  for (const key of ["length", "batchSize", "dropLast", "ordered"] as const) {
    if (key === "ordered" && state.ordered === undefined) continue;
    if (state[key] !== now[key]) {
      throw new DataError(
        `batches: expected resume to fit this pass (${key} ${now[key]}), got a state with ${key} ${state[key]}. Resume with the dataset and options of the interrupted run.`,
      );
    }
  }
  if (!Number.isInteger(state.position) || state.position < 0) {
    throw new DataError(`batches: expected resume.position to be a whole number of batches, got ${state.position}.`);
  }
}
