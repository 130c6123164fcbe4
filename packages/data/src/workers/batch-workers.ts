/**
 * Batches made by other threads: decoding and augmentation beside training.
 *
 * The thread that uses the batches draws their order and asks for each by its examples; what a worker's transforms draw depends on the
 * pass and the example alone. So what comes out cannot depend on how many workers there are or which is faster, and equals what
 * `batches` gives in one thread.
 */

import { DataError, OptionError } from "@dl/core";
import { Batches, type BatchesOptions, type BatchesState } from "../batches.ts";
import type { Example } from "../dataset.ts";
import type { DamagedExample, Reply, Request, WorkerPort } from "./protocol.ts";

export interface WorkerPassOptions extends Omit<BatchesOptions, "transform" | "collate"> {
  /** Batches made ahead, at least 1. Default: two for every worker. */
  prefetch?: number | undefined;
}

/** Waits until every thread has its pipeline; ends them all if one has none. */
export async function startBatchWorkers<E extends Example>(ports: readonly WorkerPort[]): Promise<BatchWorkers<E>> {
  const threads = ports.map((port) => new BatchThread(port));
  try {
    const lengths = await Promise.all(threads.map((thread) => thread.ready));
    if (lengths.some((length) => length !== lengths[0])) {
      throw new DataError(`openBatchWorkers: expected the same dataset in every worker, got lengths ${lengths.join(", ")}.`);
    }
    return new BatchWorkers(threads, lengths[0]!);
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
  /** Examples in the workers' dataset. */
  readonly length: number;
  readonly #threads: readonly BatchThread[];
  #passes = 0;

  constructor(threads: readonly BatchThread[], length: number) {
    this.#threads = threads;
    this.length = length;
  }

  /** One pass, as `batches` gives it, but asynchronous. */
  batches({ prefetch = 2 * this.#threads.length, ...options }: WorkerPassOptions): WorkerPass<E> {
    if (!Number.isInteger(prefetch) || prefetch < 1) {
      throw new OptionError(`BatchWorkers.batches: expected a whole prefetch of at least 1, got ${prefetch}.`);
    }
    const plan: Batches<Example> = new Batches<Example>({ length: this.length, get: neverRead }, options);
    return new WorkerPass(this.#threads, { pass: this.#passes++, plan, prefetch, onDamaged: options.onDamaged });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface WorkerPassPlan {
  readonly pass: number;
  readonly plan: Batches<Example>;
  readonly prefetch: number;
  readonly onDamaged: BatchesOptions["onDamaged"];
}

interface MadeBatch {
  readonly batch: Example;
  readonly damaged: readonly DamagedExample[];
}

/** A pass whose batches come from workers, in order. Leaving the loop and looping again goes on, as with `Batches`. */
export class WorkerPass<E extends Example> implements AsyncIterableIterator<E, undefined> {
  /** Batches in the whole pass. */
  readonly length: number;
  readonly #threads: readonly BatchThread[];
  readonly #pass: number;
  readonly #batches: Batches<Example>;
  readonly #plan: BatchesState;
  readonly #prefetch: number;
  readonly #onDamaged: BatchesOptions["onDamaged"];
  /** Batches asked for, by position. */
  readonly #coming = new Map<number, Promise<MadeBatch>>();
  #position: number;
  /** Settles when the call before has its batch. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(threads: readonly BatchThread[], { pass, plan, prefetch, onDamaged }: WorkerPassPlan) {
    this.length = plan.length;
    this.#batches = plan;
    this.#onDamaged = onDamaged;
    this.#threads = threads;
    this.#pass = pass;
    this.#plan = plan.state;
    this.#prefetch = prefetch;
    this.#position = plan.state.position;
  }

  /** Where the pass stands: batches made ahead do not count. */
  get state(): BatchesState {
    return { ...this.#plan, position: this.#position };
  }

  /** A batch that cannot be made is an error, and the pass stays where it is: the next call asks for that batch again. */
  next(): Promise<IteratorResult<E, undefined>> {
    // One call after the other: the next batch is known when the one before is there.
    const given = this.#turn.then(() => this.#give());
    this.#turn = given.catch(() => {});
    return given;
  }

  async #give(): Promise<IteratorResult<E, undefined>> {
    const position = this.#position;
    if (position >= this.length) return { done: true, value: undefined };
    for (let at = position; at < Math.min(position + this.#prefetch, this.length); at++) {
      if (!this.#coming.has(at)) this.#coming.set(at, this.#request(at));
    }
    try {
      const { batch, damaged } = await this.#coming.get(position)!;
      for (const { index, message } of damaged) this.#onDamaged?.(new DataError(message), index);
      this.#position++;
      return { done: false, value: batch as E };
    } finally {
      this.#coming.delete(position);
    }
  }

  #request(position: number): Promise<MadeBatch> {
    const batch = this.#threads[position % this.#threads.length]!.request({
      pass: this.#pass,
      plan: this.#plan,
      position,
      indices: this.#batches.indices(position),
      tolerant: this.#onDamaged !== undefined,
    });
    // A failure belongs to the call that gets to it; until then it must not count as unhandled.
    batch.catch(() => {});
    return batch;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** One worker and the batches it owes. */
class BatchThread {
  /** The length of its dataset. */
  readonly ready: Promise<number>;
  readonly #port: WorkerPort;
  readonly #owed = new Map<string, { resolve: (batch: MadeBatch) => void; reject: (error: Error) => void }>();
  #failure: Error | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    this.ready = new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#failure ??= error;
        reject(this.#failure);
        for (const { reject: rejectBatch } of this.#owed.values()) rejectBatch(this.#failure);
        this.#owed.clear();
      };
      port.listen({
        onMessage: (reply) => {
          if (reply.kind === "ready") resolve(reply.length);
          else if (reply.kind === "failed") fail(new DataError(reply.message));
          else this.#settle(reply);
        },
        onFailure: fail,
      });
    });
    this.ready.catch(() => {});
  }

  request(request: Request): Promise<MadeBatch> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#owed.set(`${request.pass} ${request.position}`, { resolve, reject });
      this.#port.post(request);
    });
  }

  async close(): Promise<void> {
    await this.#port.terminate();
    const closed = new DataError("batch worker: expected it to run on, got close().");
    this.#failure ??= closed;
    for (const { reject } of this.#owed.values()) reject(closed);
    this.#owed.clear();
  }

  #settle(reply: Extract<Reply, { kind: "batch" | "error" }>): void {
    const key = `${reply.pass} ${reply.position}`;
    const owed = this.#owed.get(key);
    this.#owed.delete(key);
    if (reply.kind === "batch") owed?.resolve(reply);
    else owed?.reject(new DataError(reply.message));
  }
}

function neverRead(): never {
  throw new DataError("BatchWorkers: expected only workers to read examples.");
}
