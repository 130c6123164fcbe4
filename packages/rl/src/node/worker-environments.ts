/** Copies divided among threads, for environments slow enough to be worth a message: physics, games, simulators of your own. */

import { OptionError, type Rng } from "@dl/core";
import { startWorker, type WorkerThread } from "@dl/core/node";
import { EnvironmentError } from "../errors.ts";
import type { Space } from "../spaces/space.ts";
import type { Episode, VectorEnvironment, VectorStep } from "../vector/vector-environment.ts";
import type { Reply, Request } from "./environment-worker.ts";

/** What the module exports as `environments`: `count` copies, the first of which is copy `first` of the whole. */
export type WorkerEnvironmentsFactory = (
  part: { readonly count: number; readonly first: number },
  input: unknown,
) => VectorEnvironment | Promise<VectorEnvironment>;

export interface WorkerEnvironmentsOptions {
  /** Copies in all. */
  count: number;
  /** Threads. Default 2. */
  workers?: number;
  /** Given to `environments`, by structured clone. */
  input?: unknown;
  /** After so many seconds without an answer a thread counts as stuck, and is ended; to start it has 60 at least. Default 30. */
  timeout?: number;
  /** Node's options for the threads, such as a loader of TypeScript. Default: those of this process. */
  execArgv?: readonly string[];
}

/**
 * Starts threads that each step a part of the copies. The episodes are those of one thread: copy i draws from `rng.fork("environment i")` wherever it runs.
 *
 * @param module Its URL: `new URL("./worlds.js", import.meta.url)`.
 * @throws EnvironmentError when a thread cannot start; later, from `step`, when an environment throws, exits or hangs. The threads are ended then.
 * @example no-run
 * // worlds.js: export const environments = ({ count, first }) => environmentCopies(Array.from({ length: count }, makeWorld), { first });
 * await using worlds = await openWorkerEnvironments(new URL("./worlds.js", import.meta.url), { count: 16, workers: 4 });
 */
export async function openWorkerEnvironments(
  module: URL,
  { count, workers = 2, input, timeout = 30, execArgv }: WorkerEnvironmentsOptions,
): Promise<WorkerEnvironments> {
  if (!Number.isInteger(workers) || workers < 1 || !Number.isInteger(count) || count < workers) {
    throw new OptionError(`openWorkerEnvironments: expected whole numbers with 1 ≤ workers ≤ count, got ${workers} and ${count}.`);
  }
  const { environments } = (await import(module.href)) as { environments?: unknown };
  if (typeof environments !== "function") {
    throw new EnvironmentError(
      `openWorkerEnvironments: expected ${module.href} to export a function environments({ count, first }, input), got ${typeof environments}.`,
    );
  }
  // One copy here, for the spaces: classes do not cross threads.
  const sample = await (environments as WorkerEnvironmentsFactory)({ count: 1, first: 0 }, input);
  await sample.close?.();
  const threads = Array.from({ length: workers }, (_, i) => {
    const first = Math.floor((i * count) / workers);
    const part = Math.floor(((i + 1) * count) / workers) - first;
    return new EnvironmentThread({ module: module.href, input, first, count: part, timeout, execArgv });
  });
  try {
    for (const thread of threads) {
      // Starting loads modules, which is slow where stepping is fast.
      const ready = await thread.answer("start", Math.max(timeout, 60));
      const fits =
        ready.kind === "ready" && ready.observations === String(sample.observationSpace) && ready.actions === String(sample.actionSpace);
      if (!fits || ready.count !== thread.count) {
        throw new EnvironmentError(`${sample.name}: expected ${thread.count} copies with the same spaces from every thread, got others.`);
      }
    }
    return new WorkerEnvironments(threads, sample);
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.end()));
    throw error;
  }
}

/** See `openWorkerEnvironments`. */
export class WorkerEnvironments implements VectorEnvironment, AsyncDisposable {
  readonly name: string;
  readonly count: number;
  readonly observationSpace: Space<unknown>;
  readonly actionSpace: Space<unknown>;
  readonly actionMasks: (() => Uint8Array) | undefined;
  readonly #threads: readonly EnvironmentThread[];
  #masks: Uint8Array = new Uint8Array(0);

  /** Use `openWorkerEnvironments`. */
  constructor(threads: readonly EnvironmentThread[], sample: VectorEnvironment) {
    this.name = sample.name;
    this.count = threads.reduce((sum, { count }) => sum + count, 0);
    this.observationSpace = sample.observationSpace;
    this.actionSpace = sample.actionSpace;
    this.actionMasks = sample.actionMasks ? () => this.#masks : undefined;
    this.#threads = threads;
  }

  async reset(rng: Rng): Promise<Float32Array> {
    const parts = await this.#ask("reset", () => ({ kind: "reset", rng: rng.state }));
    return joined(
      Float32Array,
      parts.map(({ observations }) => observations),
    );
  }

  async step(actions: Float32Array): Promise<VectorStep> {
    const { size } = this.actionSpace;
    if (actions.length !== this.count * size) {
      throw new EnvironmentError(`${this.name}: step: expected ${this.count} rows of ${size} actions, got ${actions.length} numbers.`);
    }
    const parts = await this.#ask("step", ({ first, count }) => ({
      kind: "step",
      actions: actions.slice(first * size, (first + count) * size),
    }));
    const episodes = parts.flatMap(({ episodes }, i): Episode[] =>
      episodes.map((episode) => ({ ...episode, copy: episode.copy + this.#threads[i]!.first })),
    );
    return {
      observations: joined(
        Float32Array,
        parts.map((part) => part.observations),
      ),
      nextObservations: joined(
        Float32Array,
        parts.map((part) => part.nextObservations),
      ),
      rewards: joined(
        Float64Array,
        parts.map((part) => part.rewards),
      ),
      terminated: joined(
        Uint8Array,
        parts.map((part) => part.terminated),
      ),
      truncated: joined(
        Uint8Array,
        parts.map((part) => part.truncated),
      ),
      episodes,
      nextMasks: parts.every((part) => part.nextMasks)
        ? joined(
            Uint8Array,
            parts.map((part) => part.nextMasks!),
          )
        : undefined,
    };
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Asks every thread at once. One that fails fails the whole, and nothing is left running. */
  async #ask<K extends "reset" | "step">(kind: K, request: (thread: EnvironmentThread) => Request): Promise<Extract<Reply, { kind: K }>[]> {
    try {
      const replies = await Promise.all(
        this.#threads.map((thread) => {
          thread.send(request(thread));
          return thread.answer(kind);
        }),
      );
      if (this.actionMasks)
        this.#masks = joined(
          Uint8Array,
          replies.map((reply) => (reply as Extract<Reply, { kind: "reset" }>).masks!),
        );
      return replies as Extract<Reply, { kind: K }>[];
    } catch (error) {
      await this.close();
      throw error;
    }
  }
}

interface ThreadOptions {
  module: string;
  input: unknown;
  first: number;
  count: number;
  timeout: number;
  execArgv: readonly string[] | undefined;
}

class EnvironmentThread {
  readonly first: number;
  readonly count: number;
  readonly #worker: WorkerThread;
  readonly #timeout: number;
  #arrived: Reply | undefined;
  #waiting: { take: (reply: Reply) => void; fail: (error: Error) => void } | undefined;
  #ended: EnvironmentError | undefined;

  constructor({ module, input, first, count, timeout, execArgv }: ThreadOptions) {
    this.first = first;
    this.count = count;
    this.#timeout = timeout;
    this.#worker = startWorker(new URL("./environment-worker.js", import.meta.url), {
      ...{ from: import.meta.url, module, execArgv },
      data: { module, input, count, first },
    });
    this.#worker.on("message", (reply: Reply) => this.#arrive(reply));
    this.#worker.on("error", (error: Error) => this.#fail(error.message));
    this.#worker.on("exit", (code) => this.#fail(`the thread ended with exit code ${code}`));
  }

  send(request: Request): void {
    if (!this.#ended) this.#worker.postMessage(request);
  }

  /** The next reply. `during` says what was asked. */
  answer(during: string, timeout: number = this.#timeout): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const timer = setTimeout(() => this.#fail(`expected an answer within ${timeout} s, got none: it is stuck`), 1000 * timeout);
      this.#waiting = {
        take: (reply) => {
          clearTimeout(timer);
          if (reply.kind === "failed") reject(new EnvironmentError(`${this.#who}: ${during}: ${reply.message}`));
          else resolve(reply);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      if (this.#arrived) this.#arrive(this.#arrived);
    });
  }

  async end(): Promise<void> {
    this.#ended ??= new EnvironmentError(`${this.#who}: expected a running thread, got one that was ended.`);
    await this.#worker.terminate();
  }

  get #who(): string {
    return `copies ${this.first} to ${this.first + this.count - 1} in their thread`;
  }

  #arrive(reply: Reply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#arrived = waiting ? undefined : reply;
    waiting?.take(reply);
  }

  #fail(reason: string): void {
    this.#ended ??= new EnvironmentError(`${this.#who}: ${reason}.`);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.fail(this.#ended);
  }
}

function joined<T extends Float32Array | Float64Array | Uint8Array>(kind: new (length: number) => T, parts: readonly T[]): T {
  const whole = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
