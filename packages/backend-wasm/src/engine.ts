/** Runs tasks of the module: arguments in shared memory, one thread for small work, a parallel region for large. */

import { DlError } from "@dl/core";
import { argumentsWord, argumentWords, enteredWord, failedWord, heapStart } from "./control.ts";
import { Heap } from "./heap.ts";
import { instantiate, type KernelExports } from "./module.ts";
import { type Task, taskNames } from "./tasks.ts";

/** Work below this many nanoseconds is done on one thread: a sleeping worker needs longer to wake. */
const serialLimit = 15_000;
/** Chunks a thread claims of one region: enough to even out, few enough that claiming costs nothing. */
const chunksPerThread = 4;
/** Looks at the counter before the main thread asks the clock: some 100 µs. */
const joinSpin = 20_000;
/** Milliseconds after which a worker that is still inside is lost. */
const defaultJoinTimeout = 30_000;
const closed = "wasm: the device is closed. Open another.";

export interface Work {
  /** Items of the task. */
  readonly total: number;
  /** Nanoseconds one thread needs for all of them, roughly. */
  readonly cost: number;
  /** Items are claimed in multiples of this. Default 1. */
  readonly grain?: number;
}

export interface EngineOptions {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  /** Bytes the memory may grow to. */
  readonly limit: number;
  /** The thread may wait in the kernel; a page's main thread may only spin. */
  readonly mayWait: boolean;
  /** Milliseconds to wait for a worker inside a task. Default 30,000. */
  readonly joinTimeout?: number;
}

/** The module's tasks by their numbers. */
function inOrder(exports: KernelExports): KernelExports[Task][] {
  return taskNames.map((name) => exports[name]);
}

export class Engine {
  readonly threads: number;
  readonly heap: Heap;
  #memory: WebAssembly.Memory | undefined;
  #exports: KernelExports | undefined;
  #serial: readonly ((begin: number, end: number, thread: number) => void)[];
  readonly #numbers: Readonly<Record<Task, number>>;
  readonly #mayWait: boolean;
  readonly #joinTimeout: number;
  #words!: Int32Array;
  #floats!: Float32Array;
  #broken: string | undefined;

  constructor({ module, memory, threads, limit, mayWait, joinTimeout = defaultJoinTimeout }: EngineOptions) {
    this.threads = threads;
    this.#memory = memory;
    this.#mayWait = mayWait;
    this.#joinTimeout = joinTimeout;
    this.#exports = instantiate(module, memory);
    this.#serial = inOrder(this.#exports);
    this.#numbers = Object.fromEntries(taskNames.map((name, number) => [name, number])) as Record<Task, number>;
    this.#view(memory);
    this.heap = new Heap(memory, { start: heapStart, limit, grown: (memory) => this.#view(memory) });
  }

  /** The memory as it is now; a later allocation may replace it. */
  get buffer(): ArrayBufferLike {
    if (this.#memory === undefined) throw new DlError(closed);
    return this.#memory.buffer;
  }

  #view({ buffer }: WebAssembly.Memory): void {
    this.#words = new Int32Array(buffer, argumentsWord * 4, argumentWords);
    this.#floats = new Float32Array(buffer, argumentsWord * 4, argumentWords);
  }

  /** Words 0, 1, 2, … of the arguments. Allocate first: allocating may replace the view. */
  set(...words: number[]): void {
    for (let i = 0; i < words.length; i++) this.#words[i] = words[i]!;
  }

  /** After this no task runs. Nothing here holds on to the memory: models and optimizers may hold on to their closed device. */
  close(): void {
    this.#broken = closed;
    this.heap.close();
    this.#memory = undefined;
    this.#exports = undefined;
    this.#serial = [];
    this.#words = new Int32Array(0);
    this.#floats = new Float32Array(0);
  }

  setAt(word: number, value: number): void {
    this.#words[word] = value;
  }

  setFloat(word: number, value: number): void {
    this.#floats[word] = value;
  }

  run(task: Task, { total, cost, grain = 1 }: Work): void {
    if (this.#broken !== undefined) throw new DlError(this.#broken);
    const number = this.#numbers[task];
    if (this.threads === 1 || cost < serialLimit || total <= grain) {
      this.#serial[number]!(0, total, 0);
      return;
    }
    const chunk = Math.ceil(total / (this.threads * chunksPerThread) / grain) * grain;
    try {
      if (this.#exports!.region(number, total, chunk, joinSpin) !== 0) this.#join(task);
    } catch (error) {
      this.#broken ??= `wasm: ${task} failed: ${String(error)}. Close the device and open it again.`;
      throw error;
    }
  }

  /** Waits for workers that are late, and gives up on one that is lost rather than hang. */
  #join(task: Task): void {
    const control = new Int32Array(this.buffer, 0, 1024);
    const deadline = performance.now() + this.#joinTimeout;
    for (;;) {
      const inside = Atomics.load(control, enteredWord);
      if (Atomics.load(control, failedWord) !== 0) {
        this.#broken = `wasm: worker thread ${Atomics.load(control, failedWord)} failed in ${task}. Close the device and open it again; wasm({ threads: 1 }) runs without workers.`;
        throw new DlError(this.#broken);
      }
      if (inside === 0) return;
      if (performance.now() > deadline) {
        this.#broken = `wasm: a worker thread did not finish ${task} within ${this.#joinTimeout / 1000} s. Close the device and open it again; wasm({ threads: 1 }) runs without workers.`;
        throw new DlError(this.#broken);
      }
      if (this.#mayWait) Atomics.wait(control, enteredWord, inside, 0.05);
    }
  }
}
