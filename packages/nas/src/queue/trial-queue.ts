/** The search's end of the queue: gives trials out as jobs and waits for what comes of them. */

import { randomUUID } from "node:crypto";
import { DataError, OptionError } from "@dl/core";
import { type Job, Queue } from "bullmq";
import type { Redis } from "ioredis";
import { type Evaluate, TrialFailed, TrialStopped, type TrialTask } from "../engine/evaluate.ts";
import type { Measurements } from "../engine/objectives.ts";
import { connectRedis, type RedisAddress, reachRedis } from "./redis.ts";
import { defaultQueue, jobId, stopKey, type TrialJob, type TrialOutcome, type TrialProgress } from "./trial-job.ts";

export interface TrialQueueOptions {
  /** Of the Redis server: `redis://localhost:6379`. Start it with `--appendonly yes`, and it may restart meanwhile. */
  readonly url: string;
  /** Plain data for the workers, by which they find the code: a name, and its settings. */
  readonly about?: unknown;
  /** Names the search: one that goes on under its name finds the jobs it gave out. Default: a new name, which finds none. */
  readonly run?: string;
  /** Workers listen to one queue. Default `dl-trials`. */
  readonly queue?: string;
  /** Milliseconds between two looks at a trial. Default 250. */
  readonly interval?: number;
}

/** Seconds a finished job is kept: a search that was killed may ask for it again. */
const keepSeconds = 7 * 24 * 3600;

/**
 * Opens the queue for a search; `serveTrials`, in as many processes as one has, works on it.
 *
 * Nothing is lost: a worker that dies gives its trial back; a search that is killed and goes on as the same `run` finds the jobs it gave out;
 * and what a server without persistence forgets is given out again. Failures are read once: another search, or the same after a repair, tries anew.
 *
 * @throws DataError when no server answers.
 * @example no-run
 * const space = record({ width: integer(1, 64) });
 * await using trials = await openTrialQueue<{ width: number }>({ url: "redis://localhost:6379", about: { problem: "widths" } });
 * await search(space, {
 *   strategy: gridSearch(space),
 *   evaluate: trials.evaluate,
 *   workers: 16,
 *   objectives: { accuracy: "maximize" },
 *   limits: { trials: 64 },
 * });
 */
export async function openTrialQueue<T = unknown>(options: TrialQueueOptions): Promise<TrialQueue<T>> {
  const { url, interval = 250 } = options;
  if (!(interval > 0)) throw new OptionError(`openTrialQueue: expected an interval above 0, got ${interval}.`);
  return new TrialQueue<T>(await reachRedis("openTrialQueue", url), options);
}

/** Use `openTrialQueue`; `await using` or `close` ends the connections, not the jobs. */
export class TrialQueue<T> implements AsyncDisposable {
  readonly #queue: Queue<TrialJob, TrialOutcome>;
  readonly #redis: Redis;
  readonly #name: string;
  readonly #about: unknown;
  readonly #run: string;
  readonly #interval: number;

  /** @internal */
  constructor(address: RedisAddress, { about = null, run = randomUUID(), queue = defaultQueue, interval = 250 }: TrialQueueOptions) {
    this.#name = queue;
    this.#run = run;
    this.#about = about;
    this.#interval = interval;
    this.#queue = new Queue(queue, { connection: { ...address } });
    this.#queue.on("error", () => {});
    this.#redis = connectRedis(address);
  }

  /** For `search`. */
  readonly evaluate: Evaluate<T> = async ({ value, number, seed, budget = null, from = null, attempt, signal, report, beginAnew }) => {
    const job: TrialJob = { run: this.#run, about: this.#about, value, number, seed, budget, from, attempt };
    const id = jobId(job);
    let told = 0;
    for (;;) {
      signal.throwIfAborted();
      // The state first: what is read after it is whole when it says that the job has ended.
      const state = await this.#queue.getJobState(id);
      const found = (await this.#queue.getJob(id)) as Job<TrialJob, TrialOutcome> | undefined;
      // Giving out what is there already changes nothing.
      if (!found)
        await this.#queue.add("trial", job, { jobId: id, removeOnComplete: { age: keepSeconds }, removeOnFail: { age: keepSeconds } });
      else {
        const reports = Array.isArray(found.progress) ? (found.progress as TrialProgress) : [];
        for (; told < reports.length; told++) await this.#tell(id, { report, ...reports[told]! });
        if (state === "completed") return await this.#outcomeOf(found, beginAnew);
        if (state === "failed") {
          await found.remove();
          throw new DataError(`trial ${number}: expected a worker to finish it, got ${found.failedReason}.`);
        }
      }
      await pause(this.#interval, signal);
      if (signal.aborted) await this.#takeBack(id);
    }
  };

  /** Ends the connections; jobs under way go on, and a search that goes on finds them. */
  async close(): Promise<void> {
    await this.#queue.close();
    this.#redis.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Passes a report on; a verdict to stop reaches the worker at its next report. */
  async #tell(id: string, { report, step, score }: Pick<TrialTask<T>, "report"> & { step: number; score: number }): Promise<void> {
    try {
      await report(step, score);
    } catch (error) {
      await this.#redis.set(stopKey(this.#name, id), "1", "EX", keepSeconds);
      if (!(error instanceof TrialStopped)) throw error;
    }
  }

  /** What a job came to. A failure is dropped once it is read: a search that was killed before it wrote it down tries again. */
  async #outcomeOf(job: Job<TrialJob, TrialOutcome>, beginAnew: () => void): Promise<Measurements> {
    const outcome = job.returnvalue;
    if (outcome.anew) beginAnew();
    if (outcome.kind === "done") return outcome.measurements;
    if (outcome.kind === "stopped") throw new TrialStopped(outcome);
    await job.remove();
    await this.#redis.del(stopKey(this.#name, job.id!));
    throw outcome.final ? new TrialFailed(outcome.message) : new DataError(outcome.message);
  }

  /** A trial nobody has begun is not for anyone to begin when the search has ended. */
  async #takeBack(id: string): Promise<void> {
    const found = await this.#queue.getJob(id);
    if (found && (await found.getState()) === "waiting") await found.remove().catch(() => {});
  }
}

/** Waits, but not for longer than until the signal. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
