/** Worker threads: started once, living inside the module's loop, stopped by a word in shared memory. */

import { UnsupportedError } from "@dl/core";
import { generationWord, quitWord } from "./control.ts";
import { browserWorkerSource, nodeWorkerSource } from "./worker-source.ts";

/** What a worker is given. */
interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly spin: number;
}

/** A started worker. `ended` resolves when it is gone. */
interface Thread {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  terminate(): void;
}

const startTimeout = 20_000;
const stopTimeout = 2_000;

/** Node's module of worker threads, reached without an import that a browser's bundler would see. */
export function nodeThreads(): typeof import("node:worker_threads") | undefined {
  const builtin = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process?.getBuiltinModule;
  return builtin?.("node:worker_threads") as typeof import("node:worker_threads") | undefined;
}

function startInNode({ Worker }: typeof import("node:worker_threads"), start: WorkerStart): Thread {
  // No loaders and flags of the program: the worker runs thirty lines.
  const worker = new Worker(nodeWorkerSource, { eval: true, workerData: start, execArgv: [], env: {} });
  // A program that forgets close() ends all the same.
  worker.unref();
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("message", (message) => (message === "ready" ? resolve() : reject(new Error(String(message)))));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`it ended with code ${code} before it was ready`)));
  });
  return { ready, ended: new Promise((resolve) => worker.once("exit", () => resolve())), terminate: () => void worker.terminate() };
}

function startInBrowser(start: WorkerStart): Thread {
  const url = URL.createObjectURL(new Blob([browserWorkerSource], { type: "text/javascript" }));
  const worker = new Worker(url);
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }) => (data === "ready" ? resolve() : reject(new Error(String(data))));
    worker.onerror = (event) =>
      reject(new Error(event.message || "the browser refused the worker; does a content security policy forbid blob: workers?"));
  });
  worker.postMessage(start);
  return {
    ready: ready.finally(() => URL.revokeObjectURL(url)),
    // A browser does not say when a worker ends; it ends by itself once the loop returns.
    ended: Promise.resolve(),
    terminate: () => worker.terminate(),
  };
}

/** The workers of one device. */
export class ThreadPool {
  #threads: readonly Thread[];
  /** Undefined once stopped: nothing holds on to the memory then. */
  #words: Int32Array | undefined;

  private constructor(threads: readonly Thread[], memory: WebAssembly.Memory) {
    this.#threads = threads;
    this.#words = new Int32Array(memory.buffer, 0, 1024);
  }

  /** Starts `count` workers and waits until each is ready; rejects, with none left behind, when one is not. */
  static async start(count: number, start: Omit<WorkerStart, "thread">): Promise<ThreadPool> {
    const node = nodeThreads();
    const threads = Array.from({ length: count }, (_, i) =>
      node ? startInNode(node, { ...start, thread: i + 1 }) : startInBrowser({ ...start, thread: i + 1 }),
    );
    const pool = new ThreadPool(threads, start.memory);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${startTimeout / 1000} s`)), startTimeout);
    });
    try {
      await Promise.race([Promise.all(threads.map(({ ready }) => ready)), late]);
      return pool;
    } catch (error) {
      await pool.stop();
      throw new UnsupportedError(`wasm: a worker thread did not start: ${error instanceof Error ? error.message : String(error)}.`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends every worker; resolves when they are gone. */
  async stop(): Promise<void> {
    const words = this.#words;
    if (words === undefined) return;
    Atomics.store(words, quitWord, 1);
    Atomics.add(words, generationWord, 1);
    Atomics.notify(words, generationWord);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopTimeout);
    });
    await Promise.race([Promise.all(this.#threads.map(({ ended }) => ended)), late]);
    clearTimeout(timer);
    for (const thread of this.#threads) thread.terminate();
    this.#threads = [];
    this.#words = undefined;
  }
}
