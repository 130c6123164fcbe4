/** A worker thread whose code may be TypeScript: the one way in which the packages start theirs. */

import { Worker } from "node:worker_threads";

/** A thread: so much of Node's `Worker` as its owners need. Named here, so that these types resolve without Node's. */
export interface WorkerThread {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Resolves with the exit code once it has ended. */
  terminate(): Promise<number>;
  on(event: "message", listener: (message: never) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "exit", listener: (code: number) => void): this;
  off(event: "message", listener: (message: never) => void): this;
  off(event: "error", listener: (error: Error) => void): this;
  off(event: "exit", listener: (code: number) => void): this;
}

export interface StartWorkerOptions {
  /** `import.meta.url` of the caller: where it runs from its sources, so does the worker. */
  readonly from: string;
  /** Given to the worker as `workerData`, by structured clone. */
  readonly data: object;
  /** A module the worker will import, such as a user's: it may be TypeScript where the worker's own code is not. */
  readonly module?: string;
  /** Node's options for the thread, such as conditions. Default: those of this process. */
  readonly execArgv?: readonly string[] | undefined;
  /** Throw away what it prints. Default false. */
  readonly quiet?: boolean;
}

/**
 * Through tsx, if it is installed where the program runs. Threads do not inherit a loader of their process; without one, a newer Node reads
 * TypeScript itself and an older one says that it cannot.
 */
const typescriptEntry = `
  const { workerData } = require("node:worker_threads");
  const missing = (error) => { if (error.code !== "ERR_MODULE_NOT_FOUND") throw error; };
  import("tsx/esm/api").then(({ register }) => register(), missing).then(() => import(workerData.entry));
`;

/**
 * Starts a thread. `workerData.entry` is its own code's URL, beside what `data` holds.
 *
 * @param published  The worker as it is published, named where a bundler finds it: `new URL("./batch-worker.js", import.meta.url)`. In the
 * workspace the `.ts` of that name is run.
 */
export function startWorker(published: URL, { from, data, module, execArgv, quiet = false }: StartWorkerOptions): WorkerThread {
  const entry = from.endsWith(".ts") ? new URL(published.href.replace(/\.js$/, ".ts")) : published;
  const options = {
    workerData: { ...data, entry: entry.href },
    stdout: quiet,
    stderr: quiet,
    ...(execArgv && { execArgv: [...execArgv] }),
  };
  const isTypescript = [entry.href, module ?? entry.href].some((url) => new URL(url).pathname.endsWith(".ts"));
  const worker = isTypescript ? new Worker(typescriptEntry, { ...options, eval: true }) : new Worker(entry, options);
  // Read, or the thread would keep it all.
  if (quiet) for (const stream of [worker.stdout, worker.stderr]) stream.resume();
  return worker as unknown as WorkerThread;
}
