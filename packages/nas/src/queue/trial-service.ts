/** The worker's end of the queue: takes trials, runs them, and says what came of them. */

import { OptionError } from "@dl/core";
import { type Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { type Evaluate, TrialFailed, TrialStopped } from "../engine/evaluate.ts";
import { connectRedis, type RedisAddress, reachRedis } from "./redis.ts";
import { defaultQueue, stopKey, type TrialJob, type TrialOutcome, type TrialProgress } from "./trial-job.ts";

export interface TrialServiceOptions {
  /** Of the Redis server: `redis://localhost:6379`. */
  readonly url: string;
  /** Gives the function that tries, by what the search gave as `about`; called once for each. What it throws fails the trial. */
  readonly open: (about: unknown) => Evaluate<unknown> | Promise<Evaluate<unknown>>;
  /** Default `dl-trials`. */
  readonly queue?: string;
  /** Trials at once in this process. Default 1. */
  readonly workers?: number;
  /**
   * Seconds after which a worker that is not heard of has died, and its trial goes to another. A worker is heard of while its event loop
   * turns: run long trials in threads (`openTrialWorkers`). Default 30.
   */
  readonly patience?: number;
  /** Called after each trial. */
  readonly onTrial?: (number: number, outcome: TrialOutcome["kind"]) => void;
}

/** A trial that has been the end of so many workers is not given to another. */
const mostDeaths = 3;

/**
 * Works on the trials of a queue until it is closed.
 *
 * @throws DataError when no server answers.
 * @example no-run
 * await using service = await serveTrials({ url: "redis://localhost:6379", open: () => ({ seed }) => ({ luck: seed / 2 ** 31 }) });
 * await service.ended;
 */
export async function serveTrials(options: TrialServiceOptions): Promise<TrialService> {
  const { url, workers = 1, patience = 30 } = options;
  if (!Number.isInteger(workers) || workers < 1) throw new OptionError(`serveTrials: expected at least one worker, got ${workers}.`);
  if (!(patience > 0)) throw new OptionError(`serveTrials: expected a patience above 0 seconds, got ${patience}.`);
  return new TrialService(await reachRedis("serveTrials", url), options);
}

/** Use `serveTrials`. */
export class TrialService implements AsyncDisposable {
  /** Resolves when the service was closed. */
  readonly ended: Promise<void>;
  readonly #worker: Worker<TrialJob, TrialOutcome>;
  readonly #redis: Redis;
  readonly #options: TrialServiceOptions;
  readonly #stop = new AbortController();
  readonly #opened = new Map<string, Promise<Evaluate<unknown>>>();
  #end: () => void = () => {};

  /** @internal */
  constructor(address: RedisAddress, options: TrialServiceOptions) {
    const { queue = defaultQueue, workers = 1, patience = 30 } = options;
    this.#options = options;
    this.#redis = connectRedis(address);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#worker = new Worker(queue, (job: Job<TrialJob, TrialOutcome>) => this.#work(job), {
      ...{ connection: { ...address }, concurrency: workers, maxStalledCount: mostDeaths },
      lockDuration: 1000 * patience,
      stalledInterval: 500 * patience,
    });
    // It connects again by itself.
    this.#worker.on("error", () => {});
  }

  /** Waits for the trials under way, unless `now`: then they go to other workers, after their patience. */
  async close({ now = false }: { now?: boolean } = {}): Promise<void> {
    if (now) this.#stop.abort();
    await this.#worker.close(now);
    this.#redis.disconnect();
    this.#end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #work(job: Job<TrialJob, TrialOutcome>): Promise<TrialOutcome> {
    const { run: _, about, budget, from, ...task } = job.data;
    const told: Pick<TrialOutcome, "anew"> = {};
    const beginAnew = (): void => void Object.assign(told, { anew: true });
    const reports: TrialProgress[number][] = [];
    const report = async (step: number, score: number): Promise<void> => {
      reports.push({ step, score });
      await job.updateProgress(reports as object);
      const { queue = defaultQueue } = this.#options;
      if (await this.#redis.exists(stopKey(queue, job.id!))) throw new TrialStopped({ step, score });
    };
    const whole = { ...task, budget: budget ?? undefined, from: from ?? undefined, signal: this.#stop.signal, report, beginAnew };
    const outcome = await this.#open(about)
      .then((evaluate) => evaluate(whole))
      .then((measurements): TrialOutcome => ({ kind: "done", measurements }), outcomeOf);
    this.#options.onTrial?.(task.number, outcome.kind);
    return { ...outcome, ...told };
  }

  #open(about: unknown): Promise<Evaluate<unknown>> {
    const key = JSON.stringify(about);
    const known = this.#opened.get(key);
    if (known) return known;
    const opening = Promise.resolve().then(() => this.#options.open(about));
    this.#opened.set(key, opening);
    // What failed to open may open the next time.
    opening.catch(() => this.#opened.delete(key));
    return opening;
  }
}

function outcomeOf(error: unknown): TrialOutcome {
  if (error instanceof TrialStopped) return { kind: "stopped", step: error.step, score: error.score };
  return { kind: "failed", message: error instanceof Error ? error.message : String(error), final: error instanceof TrialFailed };
}
