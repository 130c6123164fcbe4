/** @dl/core/node: what Node-only parts of the packages share. This file is the table of contents. */

export { type StartWorkerOptions, startWorker, type WorkerThread } from "./start-worker.ts";
