/**
 * Batches made by other threads: decoding and augmentation beside training.
 *
 * The thread that uses the batches draws their order and asks for each by its examples, or, of a stream, with its elements; what a worker's
 * transforms draw depends on the pass, the example and how often it came before. So what comes out cannot depend on how many workers there
 * are or which is faster, and equals what `batches` gives in one thread.
 */

import { DataError, OptionError, type Rng } from "@dl/core";
import { Batches } from "../batches.ts";
import type { Example } from "../dataset.ts";
import { DataStream } from "../streams/data-stream.ts";
import { type BatchMaker, StreamBatches, type StreamOrderOptions, sift } from "../streams/stream-batches.ts";
import { BatchThread, type PipelineForm } from "./batch-thread.ts";
import type { WorkerPort } from "./protocol.ts";
import { WorkerPass, type WorkerPassOptions } from "./worker-pass.ts";

export interface WorkerStreamOptions<T> extends StreamOrderOptions<T> {
  /** Batches made ahead, at least 1. Default: two for every worker. */
  prefetch?: number | undefined;
}

/** Waits until every thread has its pipeline; ends them all if one has none. */
export async function startBatchWorkers<E extends Example>(ports: readonly WorkerPort[]): Promise<BatchWorkers<E>> {
  const threads = ports.map((port) => new BatchThread(port));
  try {
    const forms = await Promise.all(threads.map((thread) => thread.ready));
    if (forms.some(({ length, changes }) => length !== forms[0]!.length || changes !== forms[0]!.changes)) {
      throw new DataError(
        `openBatchWorkers: expected the same dataset in every worker, got lengths ${forms.map(({ length }) => length ?? "none").join(", ")}.`,
      );
    }
    return new BatchWorkers(threads, forms[0]!);
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.close()));
    throw error;
  }
}

export function checkWorkerCount(where: string, workers: number): void {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new OptionError(`${where}: expected a whole number of workers of at least 1, got ${workers}.`);
  }
}

/** Running threads; `openBatchWorkers` starts them, and `await using` or `close` ends them. */
export class BatchWorkers<E extends Example> implements AsyncDisposable {
  /** Examples in the workers' dataset; 0 where their pipeline changes the elements of streams. */
  readonly length: number;
  /** What the labels of the workers' dataset count, where it says so. */
  readonly classNames: readonly string[] | undefined;
  readonly #threads: readonly BatchThread[];
  readonly #form: PipelineForm;
  #passes = 0;

  constructor(threads: readonly BatchThread[], form: PipelineForm) {
    this.#threads = threads;
    this.#form = form;
    this.length = form.length ?? 0;
    this.classNames = form.classNames;
  }

  /** One pass over the workers' dataset, as `batches` gives it, but asynchronous. */
  batches(options: WorkerPassOptions): WorkerPass<E>;
  /**
   * One pass over a stream that this thread reads, such as the bytes of `tarShards`: the workers' `change` makes examples of its elements,
   * which are copied to them. The batches are those of `batches(stream.mapAsync(change), …)`.
   */
  batches<T>(stream: DataStream<T>, options: WorkerStreamOptions<T>): StreamBatches<E>;
  batches<T>(first: DataStream<T> | WorkerPassOptions, options?: WorkerStreamOptions<T>): WorkerPass<E> | StreamBatches<E> {
    return first instanceof DataStream ? this.#overStream(first, options!) : this.#overDataset(first);
  }

  #overDataset({ prefetch = 2 * this.#threads.length, ...options }: WorkerPassOptions): WorkerPass<E> {
    checkPrefetch(prefetch);
    if (this.#form.length === null) {
      throw new OptionError(
        "BatchWorkers.batches: expected a stream first, since the workers' pipeline has no dataset, got options alone.",
      );
    }
    const plan: Batches<Example> = new Batches<Example>({ length: this.length, get: neverRead }, options);
    return new WorkerPass(this.#threads, { pass: this.#passes++, plan, prefetch, onDamaged: options.onDamaged });
  }

  #overStream<T>(stream: DataStream<T>, { prefetch = 2 * this.#threads.length, ...options }: WorkerStreamOptions<T>): StreamBatches<E> {
    checkPrefetch(prefetch);
    if (!this.#form.changes) {
      throw new OptionError(
        "BatchWorkers.batches: expected workers whose pipeline has a function change, got a stream for those of a dataset.",
      );
    }
    const pass = this.#passes++;
    const maker = (rng: Rng | undefined): BatchMaker<T, E> => {
      const state = rng?.state ?? null;
      // The workers draw this key; the caller's stream moves on as if it had been drawn here.
      rng?.nextKey();
      return async (group, { position, isTolerant }) => {
        const { elements, indices, damaged } = sift(group, { isTolerant });
        if (elements.length === 0) return { batch: undefined, damaged };
        const order = new Map(group.map(({ index }, place) => [index, place]));
        const thread = this.#threads[position % this.#threads.length]!;
        const made = await thread.request({ kind: "change", pass, position, rng: state, elements, indices, tolerant: isTolerant });
        const found = made.damaged.map(({ index, message }) => ({ index, error: new DataError(message) }));
        return {
          batch: made.batch as E | undefined,
          damaged: [...damaged, ...found].sort((a, b) => order.get(a.index)! - order.get(b.index)!),
        };
      };
    };
    // One on its way is being made; the pass counts those behind it.
    return new StreamBatches<E>(stream, { options, making: { maker, prefetch: prefetch - 1 } });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkPrefetch(prefetch: number): void {
  if (!Number.isInteger(prefetch) || prefetch < 1) {
    throw new OptionError(`BatchWorkers.batches: expected a whole prefetch of at least 1, got ${prefetch}.`);
  }
}

function neverRead(): never {
  throw new DataError("BatchWorkers: expected only workers to read examples.");
}
