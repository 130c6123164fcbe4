/** One pass over a stream in batches: shuffled through a buffer, transformed, and resumable at any batch. */

import { DataError, OptionError, Rng, type RngState } from "@dl/core";
import type { Collate } from "../collate/pad-fields.ts";
import type { Example } from "../dataset.ts";
import { stack } from "../datasets/stack.ts";
import { Pipeline, type Transform } from "../transforms/transform.ts";
import type { DataStream, StreamCursor, StreamState } from "./data-stream.ts";

export interface StreamBatchesOptions<E extends Example = Example> {
  /** Examples in a batch, at least 1. */
  batchSize: number;
  /** Mixes examples through a buffer of `shuffleBuffer`. Fork one for every epoch. */
  shuffle?: Rng | undefined;
  /** Examples held at once when shuffling. Default 1,000. */
  shuffleBuffer?: number | undefined;
  /** Leaves out a last batch that would be smaller. Default `false`. */
  dropLast?: boolean | undefined;
  /** Applied to each batch in this order, in place. An example's number is its place in the stream. */
  transform?: Transform<E> | readonly Transform<E>[] | undefined;
  /** Where random transforms draw from. Fork one for every epoch. */
  rng?: Rng | undefined;
  /** Makes a batch of examples, such as `padFields`. Default: they are stacked, and must have equal shapes. */
  collate?: Collate<E> | undefined;
  /** Goes on where a pass with this `state` stood. `shuffle` and `rng` are taken from the state. */
  resume?: StreamBatchesState | undefined;
}

/** Where a pass over a stream stands: plain JSON. */
export interface StreamBatchesState {
  /** Batches already given. */
  readonly position: number;
  readonly batchSize: number;
  readonly rng: RngState | null;
  readonly stream: StreamState;
}

/** A pass over a stream; `batches` makes it. Leaving the loop and looping again goes on; `close` ends it early. */
export class StreamBatches<E extends Example> implements AsyncIterableIterator<E, undefined>, AsyncDisposable {
  readonly #cursor: StreamCursor<{ example: E; index: number }>;
  readonly #batchSize: number;
  readonly #dropLast: boolean;
  readonly #collate: Collate<E>;
  readonly #pipeline: Pipeline<E>;
  readonly #rng: RngState | null;
  #position: number;
  #ended = false;

  constructor(stream: DataStream<E>, options: StreamBatchesOptions<E>) {
    const { batchSize, shuffle, shuffleBuffer = 1000, dropLast = false, transform = [], rng, collate = stack, resume } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new OptionError(`batches: expected a whole batchSize of at least 1, got ${batchSize}.`);
    }
    if (resume !== undefined && resume.batchSize !== batchSize) {
      throw new DataError(
        `batches: expected resume to fit this pass (batchSize ${batchSize}), got a state with batchSize ${resume.batchSize}.`,
      );
    }
    const transformRng = resume === undefined ? rng : resume.rng === null ? undefined : Rng.fromState(resume.rng);
    this.#rng = transformRng?.state ?? null;
    this.#pipeline = new Pipeline(typeof transform === "function" ? [transform] : transform, transformRng);
    const numbered = stream.map((example, index) => ({ example, index }));
    // Resumed, the stream to draw from comes out of the state; a shuffled pass is told by its form.
    const mixed = shuffle ?? (resume !== undefined && isShuffled(resume.stream) ? new Rng(0) : undefined);
    const source = mixed === undefined ? numbered : numbered.shuffle({ buffer: shuffleBuffer, rng: mixed });
    this.#cursor = source.open(resume?.stream);
    this.#batchSize = batchSize;
    this.#dropLast = dropLast;
    this.#collate = collate;
    this.#position = resume?.position ?? 0;
  }

  /** Where the pass stands now. */
  get state(): StreamBatchesState {
    return { position: this.#position, batchSize: this.#batchSize, rng: this.#rng, stream: this.#cursor.state() };
  }

  async next(): Promise<IteratorResult<E, undefined>> {
    const examples: E[] = [];
    const indices: number[] = [];
    while (!this.#ended && examples.length < this.#batchSize) {
      const step = await this.#cursor.next();
      if (step.done) {
        this.#ended = true;
        await this.#cursor.close();
        break;
      }
      examples.push(step.value.example);
      indices.push(step.value.index);
    }
    if (examples.length === 0 || (this.#dropLast && examples.length < this.#batchSize)) return { done: true, value: undefined };
    const batch = this.#collate(examples);
    this.#pipeline.apply(batch, Int32Array.from(indices));
    this.#position++;
    return { done: false, value: batch };
  }

  /** Closes what the stream has open. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#cursor.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isShuffled(state: StreamState): boolean {
  return typeof state === "object" && state !== null && "held" in state;
}
