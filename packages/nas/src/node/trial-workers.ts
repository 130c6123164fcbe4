/** Trials in threads of their own: several at once, and none takes the search down with it. */

import { DataError, OptionError } from "@dl/core";
import { startWorker, type WorkerThread } from "@dl/core/node";
import { type Evaluate, TrialFailed, TrialStopped, type TrialTask } from "../engine/evaluate.ts";
import type { Measurements } from "../engine/objectives.ts";
import { Inbox, LostWorker } from "./inbox.ts";
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

interface Thread {
  readonly worker: WorkerThread;
  readonly inbox: Inbox<FromWorker>;
}

/** A thread, or a place for one: the trial that takes it opens it. */
type Slot = Thread | undefined;

/** Running threads; `openTrialWorkers` starts them, and `await using` or `close` ends them. */
export class TrialWorkers<T> implements AsyncDisposable {
  readonly #module: URL;
  readonly #options: TrialWorkersOptions;
  readonly #idle: Slot[] = [];
  readonly #threads = new Set<Thread>();
  readonly #waiting: { readonly take: (slot: Slot) => void; readonly giveUp: (error: Error) => void }[] = [];
  #isClosed = false;
  #trials = 0;

  /** @internal Use `openTrialWorkers`. */
  constructor(module: URL, options: TrialWorkersOptions) {
    this.#module = module;
    this.#options = options;
  }

  /** For `search`. A task waits while all threads are busy. @throws DataError when the threads are closed, also while it waits or runs. */
  readonly evaluate: Evaluate<T> = async (task) => {
    if (this.#isClosed) throw closedError();
    let slot = this.#idle.length > 0 ? this.#idle.pop() : await new Promise<Slot>((take, giveUp) => this.#waiting.push({ take, giveUp }));
    try {
      // It may have died since, by a timer that its last trial left.
      if (slot && !slot.inbox.isOpen) {
        await this.#end(slot);
        slot = undefined;
      }
      slot ??= await this.#open();
      return await this.#run(slot, task);
    } catch (error) {
      if (this.#isClosed) throw closedError();
      if (error instanceof LostWorker) {
        if (slot) await this.#end(slot);
        slot = undefined;
      }
      throw error;
    } finally {
      this.#release(slot);
    }
  };

  /** @internal */
  async start(count: number): Promise<void> {
    for (const thread of await Promise.all(Array.from({ length: count }, () => this.#open()))) this.#release(thread);
  }

  /** Ends the threads; trials that run or wait reject. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { giveUp } of this.#waiting.splice(0)) giveUp(closedError());
    await Promise.all([...this.#threads].map((thread) => this.#end(thread)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #release(slot: Slot): void {
    if (this.#isClosed) return;
    const next = this.#waiting.shift();
    if (next) next.take(slot);
    else this.#idle.push(slot);
  }

  async #open(): Promise<Thread> {
    if (this.#isClosed) throw closedError();
    const { input, execArgv, quiet = false } = this.#options;
    const module = this.#module.href;
    const worker = startWorker(new URL("./trial-worker.js", import.meta.url), {
      ...{ from: import.meta.url, module, execArgv, quiet },
      data: { module, input },
    });
    const thread: Thread = { worker, inbox: new Inbox(worker) };
    this.#threads.add(thread);
    try {
      const first = await thread.inbox.next();
      if (first.kind === "broken") throw new DataError(first.message);
      return thread;
    } catch (error) {
      await this.#end(thread);
      throw error;
    }
  }

  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread);
    await thread.worker.terminate();
  }

  async #run({ worker, inbox }: Thread, { signal, report, beginAnew, ...task }: TrialTask<T>): Promise<Measurements> {
    const id = this.#trials++;
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
    /** What a report was refused with: the trial is told to stop, and this is why. */
    let refused: unknown;
    try {
      send({ kind: "trial", id, ...task });
      if (signal.aborted) abort();
      for (;;) {
        const message = await Promise.race([inbox.next(), late]);
        // What an earlier trial says after its end is nobody's.
        if (!("id" in message) || message.id !== id) continue;
        if (message.kind === "done") return message.measurements;
        if (message.kind === "stopped") throw refused ?? new TrialStopped(message);
        if (message.kind === "failed") throw message.final ? new TrialFailed(message.message) : new DataError(message.message);
        if (message.kind === "anew") beginAnew();
        if (message.kind === "report") {
          refused = await report(message.step, message.score).then(
            () => undefined,
            (error: unknown) => error,
          );
          send({ kind: "verdict", goesOn: refused === undefined });
        }
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }
}

const closedError = (): DataError => new DataError("openTrialWorkers: expected the threads to run, got their end: they were closed.");
