/** Batches made by Node's worker threads. */

import { DataError } from "@dl/core";
import { startWorker, type WorkerThread } from "@dl/core/node";
import type { Example } from "../dataset.ts";
import { type BatchWorkers, checkWorkerCount, startBatchWorkers } from "../workers/batch-workers.ts";
import type { Reply, WorkerPort } from "../workers/protocol.ts";

export interface BatchWorkersOptions {
  /** Threads, at least 1. Default 2. */
  workers?: number | undefined;
  /** Given to `pipeline`, by structured clone. */
  input?: unknown;
  /** Node's options for the threads, such as a loader of TypeScript. Default: those of this process. */
  execArgv?: readonly string[] | undefined;
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
  checkWorkerCount("openBatchWorkers", workers);
  const start = (): WorkerThread =>
    startWorker(new URL("./batch-worker.js", import.meta.url), {
      ...{ from: import.meta.url, module: module.href, execArgv },
      data: { module: module.href, input },
    });
  return startBatchWorkers(Array.from({ length: workers }, () => nodePort(start())));
}

function nodePort(worker: WorkerThread): WorkerPort {
  return {
    post: (message) => worker.postMessage(message, [message.indices.buffer as ArrayBuffer]),
    listen: ({ onMessage, onFailure }) => {
      worker.on("message", (reply: Reply) => onMessage(reply));
      worker.on("error", (error) => onFailure(new DataError(`batch worker: expected it to run, got ${error.name}: ${error.message}`)));
      worker.on("exit", (code) => onFailure(new DataError(`batch worker: expected it to run on, got its end with exit code ${code}.`)));
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}
