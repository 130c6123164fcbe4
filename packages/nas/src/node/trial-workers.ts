/** Trials in threads of their own: several at once, and none takes the search down with it. */

import { DataError, OptionError } from "@dl/core";
import { startWorker, type WorkerThread } from "@dl/core/node";
import { type Evaluate, TrialFailed, TrialStopped, type TrialTask } from "../engine/evaluate.ts";
import type { Measurements } from "../engine/objectives.ts";
import type { FromWorker, ToWorker } from "./trial-worker.ts";

/** What the module named to `openTrialWorkers` exports as `trial`: it runs once in every worker and gives the function that tries. */
export type TrialFactory<T = unknown> = (input: unknown) => Evaluate<T> | Promise<Evaluate<T>>;

export interface TrialWorkersOptions {
  /** Threads, at least 1: as many as the search's `workers`. Default 2. */
  readonly workers?: number;
  /** Given to `trial`, by structured clone. */
  readonly input?: unknown;
  /** Seconds after which a trial has failed and its thread is replaced. Default none. */
  readonly timeLimit?: number;
  /** Throw away what trials print. Default false. */
  readonly quiet?: boolean;
  /** Node's options for the threads, such as a loader of TypeScript. Default: those of this process. */
  readonly execArgv?: readonly string[];
}

/**
 * Starts threads that each run the `trial` a module exports.
 *
 * A thread that ends or hangs fails its trial, which the search tries again in a new one.
 *
 * @param module  Its URL: `new URL("./trial.js", import.meta.url)`.
 * @example no-run
 * // trial.js: stands for training
 * export const trial: TrialFactory<{ width: number }> = () => ({ value: { width }, budget = 1 }) => ({ accuracy: 1 - 1 / (width * budget) });
 * // search.js
 * const space = record({ width: integer(1, 64) });
 * await using trials = await openTrialWorkers<{ width: number }>(new URL("./trial.js", import.meta.url), { workers: 2 });
 * await search(space, {
 *   strategy: gridSearch(space),
 *   evaluate: trials.evaluate,
 *   workers: 2,
 *   objectives: { accuracy: "maximize" },
 *   limits: { trials: 64 },
 * });
 */
export async function openTrialWorkers<T = unknown>(module: URL, options: TrialWorkersOptions = {}): Promise<TrialWorkers<T>> {
  const { workers = 2 } = options;
  if (!Number.isInteger(workers) || workers < 1) throw new OptionError(`openTrialWorkers: expected at least one worker, got ${workers}.`);
  const pool = new TrialWorkers<T>(module, options);
  try {
    await pool.start(workers);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

/** Running threads; `openTrialWorkers` starts them, and `await using` or `close` ends them. */
export class TrialWorkers<T> implements AsyncDisposable {
  readonly #module: URL;
  readonly #options: TrialWorkersOptions;
  readonly #idle: WorkerThread[] = [];
  readonly #all = new Set<WorkerThread>();
  readonly #queue: ((worker: WorkerThread) => void)[] = [];

  /** @internal Use `openTrialWorkers`. */
  constructor(module: URL, options: TrialWorkersOptions) {
    this.#module = module;
    this.#options = options;
  }

  /** For `search`. A task waits while all threads are busy. */
  readonly evaluate: Evaluate<T> = async (task) => {
    const worker = this.#idle.pop() ?? (await new Promise<WorkerThread>((resolve) => this.#queue.push(resolve)));
    let usable = true;
    try {
      return await this.#run(worker, task);
    } catch (error) {
      usable = !(error instanceof LostWorker);
      throw error;
    } finally {
      this.#release(usable ? worker : await this.#replace(worker));
    }
  };

  /** @internal */
  async start(count: number): Promise<void> {
    for (const worker of await Promise.all(Array.from({ length: count }, () => this.#open()))) this.#release(worker);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
    this.#all.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #release(worker: WorkerThread): void {
    const next = this.#queue.shift();
    if (next) next(worker);
    else this.#idle.push(worker);
  }

  async #replace(worker: WorkerThread): Promise<WorkerThread> {
    this.#all.delete(worker);
    await worker.terminate();
    return this.#open();
  }

  async #open(): Promise<WorkerThread> {
    const { input, execArgv, quiet = false } = this.#options;
    const module = this.#module.href;
    const worker = startWorker(new URL("./trial-worker.js", import.meta.url), {
      ...{ from: import.meta.url, module, execArgv, quiet },
      data: { module, input },
    });
    this.#all.add(worker);
    const first = await nextMessage(worker);
    if (first.kind === "broken") throw new DataError(first.message);
    return worker;
  }

  async #run(worker: WorkerThread, { signal, report, ...task }: TrialTask<T>): Promise<Measurements> {
    const send = (message: ToWorker): void => worker.postMessage(message);
    const abort = (): void => send({ kind: "abort" });
    const { timeLimit } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      if (timeLimit === undefined) return;
      timer = setTimeout(
        () => reject(new LostWorker(`trial ${task.number}: expected an end within ${timeLimit} s, got none.`)),
        1000 * timeLimit,
      );
    });
    late.catch(() => {});
    signal.addEventListener("abort", abort, { once: true });
    try {
      send({ kind: "trial", ...task });
      if (signal.aborted) abort();
      for (;;) {
        const message = await Promise.race([nextMessage(worker), late]);
        if (message.kind === "done") return message.measurements;
        if (message.kind === "stopped") throw new TrialStopped(message);
        if (message.kind === "failed") throw message.final ? new TrialFailed(message.message) : new DataError(message.message);
        if (message.kind === "report") send({ kind: "verdict", goesOn: await goesOn(report(message.step, message.score)) });
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }
}

/** The thread is gone, or must go. */
class LostWorker extends DataError {}

/** What the thread says next; its end is an error. */
function nextMessage(worker: WorkerThread): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      done();
    };
    const onMessage = (message: FromWorker): void => settle(() => resolve(message));
    const onError = (error: Error): void =>
      settle(() => reject(new LostWorker(`trial worker: expected it to run, got ${error.name}: ${error.message}`)));
    const onExit = (code: number): void =>
      settle(() => reject(new LostWorker(`trial worker: expected it to run on, got its end with exit code ${code}.`)));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  });
}

async function goesOn(report: Promise<void>): Promise<boolean> {
  try {
    await report;
    return true;
  } catch (error) {
    if (error instanceof TrialStopped) return false;
    throw error;
  }
}
