/** Batches made by the browser's workers. HTML Living Standard, section 10, "Web workers". */

import { DataError } from "@dl/core";
import type { Example } from "../dataset.ts";
import { describeError, openBatchServer } from "./batch-server.ts";
import { type BatchWorkers, checkWorkerCount, startBatchWorkers } from "./batch-workers.ts";
import type { PipelineFactory, Reply, Request, WorkerPort } from "./protocol.ts";

/** What is used of a `Worker`. */
export interface WebWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message" | "messageerror" | "error", listener: (event: { data?: unknown; message?: string }) => void): void;
  terminate(): void;
}

/** What is used of a worker's own global scope, `self`. */
export interface WebWorkerScope {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: { data?: unknown }) => void): void;
}

export interface WebBatchWorkersOptions {
  /** Threads, at least 1. Default 2. */
  workers?: number | undefined;
  /** Given to `pipeline`, by structured clone. */
  input?: unknown;
}

/**
 * Starts workers whose module calls `serveBatches`.
 *
 * @param start Makes one worker; written at the place of use, so that a bundler sees the module's address.
 * @example no-run
 * await using workers = await openWebBatchWorkers(() => new Worker(new URL("./pipeline.js", import.meta.url), { type: "module" }));
 * for await (const batch of workers.batches({ batchSize: 64, shuffle: rng.fork("order 0"), rng: rng.fork("augment 0") })) console.log(batch);
 */
export async function openWebBatchWorkers<E extends Example>(
  start: () => WebWorker,
  { workers = 2, input }: WebBatchWorkersOptions = {},
): Promise<BatchWorkers<E>> {
  checkWorkerCount("openWebBatchWorkers", workers);
  return startBatchWorkers(Array.from({ length: workers }, () => webPort(start(), input)));
}

function webPort(worker: WebWorker, input: unknown): WorkerPort {
  return {
    post: (message) => worker.postMessage(message, [message.indices.buffer as ArrayBuffer]),
    listen: ({ onMessage, onFailure }) => {
      worker.addEventListener("message", ({ data }) => onMessage(data as Reply));
      worker.addEventListener("error", ({ message }) =>
        onFailure(new DataError(`batch worker: expected it to run, got ${message ?? "an error"}`)),
      );
      worker.addEventListener("messageerror", () =>
        onFailure(new DataError("batch worker: expected a message that can be read, got another.")),
      );
      worker.postMessage({ open: input }, []);
    },
    terminate: async () => worker.terminate(),
  };
}

/**
 * Answers `openWebBatchWorkers` from inside of a worker.
 *
 * @example no-run
 * // pipeline.js
 * serveBatches(self, () => ({ dataset: images, transform: [flip()] }));
 */
export function serveBatches<E extends Example>(scope: WebWorkerScope, pipeline: PipelineFactory<E>): void {
  const reply = (message: Reply, transfer: ArrayBuffer[]): void => scope.postMessage(message, transfer);
  let server: Promise<((request: Request) => void) | undefined> | undefined;
  scope.addEventListener("message", ({ data }) => {
    if (server === undefined) {
      const { open: input } = data as { open: unknown };
      server = openBatchServer({ pipeline, input, name: "the worker", reply }).catch((error: unknown) => {
        reply({ kind: "failed", message: describeError(error) }, []);
        return undefined;
      });
    } else void server.then((answer) => answer?.(data as Request));
  });
}
