/**
 * Batches made by other threads: decoding and augmentation beside training.
 *
 * A worker's pass is the main thread's pass, resumed from its state; a batch is asked for by its position. So what comes out cannot
 * depend on how many workers there are or which is faster, and equals what `batches` gives in one thread.
 */

import { Worker } from "node:worker_threads";
import { DataError, OptionError } from "@dl/core";
import { Batches, type BatchesOptions, type BatchesState } from "../batches.ts";
import type { Dataset, Example } from "../dataset.ts";
import type { Transform } from "../transforms/transform.ts";
import type { Reply, Request } from "./batch-worker.ts";

/** What the module named to `openBatchWorkers` exports as `pipeline`: it runs once in every worker. */
export type PipelineFactory<E extends Example = Example> = (input: unknown) => WorkerPipeline<E> | Promise<WorkerPipeline<E>>;

export interface WorkerPipeline<E extends Example = Example> {
  readonly dataset: Dataset<E>;
  readonly transform?: Transform<E> | readonly Transform<E>[] | undefined;
}

export interface BatchWorkersOptions {
  /** Threads, at least 1. Default 2. */
  workers?: number | undefined;
  /** Given to `pipeline`, by structured clone. */
  input?: unknown;
  /** Node's options for the threads, such as a loader of TypeScript. Default: those of this process. */
  execArgv?: readonly string[] | undefined;
}

export interface WorkerPassOptions extends Omit<BatchesOptions, "transform"> {
  /** Batches made ahead, at least 1. Default: two for every worker. */
  prefetch?: number | undefined;
}

/**
 * Starts threads that each run the `pipeline` a module exports.
 *
 * @param module Its URL: `new URL("./pipeline.js", import.meta.url)`.
 * @example no-run
 * // pipeline.js
 * export const pipeline = async () => ({ dataset: await cifar10({ split: "train" }), transform: [padCrop({ padding: 4 }), flip()] });
 * // train.js
 * await using workers = await openBatchWorkers<ExampleOf<ImageDataset>>(new URL("./pipeline.js", import.meta.url));
 * for await (const batch of workers.batches({ batchSize: 64, shuffle: rng.fork("order 0"), rng: rng.fork("augment 0") })) {
 *   batch.images; // float32 [64, 32, 32, 3]
 * }
 */
export async function openBatchWorkers<E extends Example>(module: URL, options: BatchWorkersOptions = {}): Promise<BatchWorkers<E>> {
  const { workers = 2, input, execArgv } = options;
  if (!Number.isInteger(workers) || workers < 1) {
    throw new OptionError(`openBatchWorkers: expected a whole number of workers of at least 1, got ${workers}.`);
  }
  const threads = Array.from({ length: workers }, () => new BatchThread(module, input, execArgv));
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
    const plan = new Batches({ length: this.length, get: neverRead }, options);
    return new WorkerPass(this.#threads, { pass: this.#passes++, plan, prefetch });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A pass whose batches come from workers, in order. Leaving the loop and looping again goes on, as with `Batches`. */
export class WorkerPass<E extends Example> implements AsyncIterableIterator<E, undefined> {
  /** Batches in the whole pass. */
  readonly length: number;
  readonly #threads: readonly BatchThread[];
  readonly #pass: number;
  readonly #plan: BatchesState;
  readonly #prefetch: number;
  readonly #coming: Promise<Example>[] = [];
  #position: number;

  constructor(threads: readonly BatchThread[], { pass, plan, prefetch }: { pass: number; plan: Batches<never>; prefetch: number }) {
    this.length = plan.length;
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

  async next(): Promise<IteratorResult<E, undefined>> {
    if (this.#position >= this.length) return { done: true, value: undefined };
    while (this.#coming.length < Math.min(this.#prefetch, this.length - this.#position)) {
      const position = this.#position + this.#coming.length;
      const batch = this.#threads[position % this.#threads.length]!.request(this.#pass, this.#plan, position);
      // A failure belongs to the call that gets to it; until then it must not count as unhandled.
      batch.catch(() => {});
      this.#coming.push(batch);
    }
    const value = await this.#coming.shift()!;
    this.#position++;
    return { done: false, value: value as E };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** One worker and the batches it owes. */
class BatchThread {
  /** The length of its dataset. */
  readonly ready: Promise<number>;
  readonly #worker: Worker;
  readonly #owed = new Map<string, { resolve: (batch: Example) => void; reject: (error: Error) => void }>();
  #failure: Error | undefined;

  constructor(module: URL, input: unknown, execArgv: readonly string[] | undefined) {
    this.#worker = startWorker(module, input, execArgv);
    this.ready = new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#failure ??= error;
        reject(this.#failure);
        for (const { reject: rejectBatch } of this.#owed.values()) rejectBatch(this.#failure);
        this.#owed.clear();
      };
      this.#worker.on("message", (reply: Reply) => {
        if (reply.kind === "ready") resolve(reply.length);
        else if (reply.kind === "failed") fail(new DataError(reply.message));
        else this.#settle(reply);
      });
      this.#worker.on("error", (error) => fail(new DataError(`batch worker: expected it to run, got ${error.name}: ${error.message}`)));
      this.#worker.on("exit", (code) => fail(new DataError(`batch worker: expected it to run on, got its end with exit code ${code}.`)));
    });
    this.ready.catch(() => {});
  }

  request(pass: number, plan: BatchesState, position: number): Promise<Example> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#owed.set(`${pass} ${position}`, { resolve, reject });
      this.#worker.postMessage({ pass, plan, position } satisfies Request);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: Extract<Reply, { kind: "batch" | "error" }>): void {
    const key = `${reply.pass} ${reply.position}`;
    const owed = this.#owed.get(key);
    this.#owed.delete(key);
    if (reply.kind === "batch") owed?.resolve(reply.batch);
    else owed?.reject(new DataError(reply.message));
  }
}

/**
 * Starts a worker whose code is TypeScript: through tsx, if it is installed where the program runs. Threads do not inherit a loader of
 * their process; without one, a newer Node reads TypeScript itself and an older one says that it cannot.
 */
const typescriptEntry = `
  const { workerData } = require("node:worker_threads");
  const missing = (error) => { if (error.code !== "ERR_MODULE_NOT_FOUND") throw error; };
  import("tsx/esm/api").then(({ register }) => register(), missing).then(() => import(workerData.entry));
`;

function startWorker(module: URL, input: unknown, execArgv: readonly string[] | undefined): Worker {
  // In the workspace this file runs from its source, and so does the worker.
  const published = new URL("./batch-worker.js", import.meta.url);
  const entry = import.meta.url.endsWith(".ts") ? new URL(published.href.replace(/\.js$/, ".ts")) : published;
  const options = execArgv === undefined ? {} : { execArgv: [...execArgv] };
  const workerData = { module: module.href, input, entry: entry.href };
  const typescript = [entry, module].some(({ pathname }) => pathname.endsWith(".ts"));
  return typescript ? new Worker(typescriptEntry, { ...options, eval: true, workerData }) : new Worker(entry, { ...options, workerData });
}

function neverRead(): never {
  throw new DataError("BatchWorkers: expected only workers to read examples.");
}
