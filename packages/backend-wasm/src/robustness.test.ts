/** What goes wrong with threads is an error in time, never a hang; too many threads are slower, not stuck. */

import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { DlError } from "@dl/core";
import { afterEach, expect, test } from "vitest";
import { enteredWord, failedWord } from "./control.ts";
import { Engine } from "./engine.ts";
import { compileModule } from "./module.ts";
import { ThreadPool } from "./threads.ts";
import { wasm } from "./wasm.ts";

const shared = async (): Promise<{ module: WebAssembly.Module; memory: WebAssembly.Memory }> => ({
  module: await compileModule("simd", true),
  memory: new WebAssembly.Memory({ initial: 16, maximum: 1024, shared: true }),
});
const settings = { threads: 2, limit: 2 ** 26, mayWait: true } as const;

/** A task that both threads have time to take part in. */
function busy(engine: Engine): void {
  const at = engine.heap.take(2 ** 20, "test");
  engine.set(at, 0);
  engine.run("fill", { total: 2 ** 14, cost: 1e9 });
  engine.heap.give(at, 2 ** 20);
}

test("a worker that was lost inside a task is an error after the time-out, and every time after it", async () => {
  const { module, memory } = await shared();
  const engine = new Engine({ module, memory, ...settings, joinTimeout: 50 });
  // One has entered and never leaves: what a terminated worker looks like.
  Atomics.store(new Int32Array(memory.buffer), enteredWord, 1);
  const start = performance.now();
  expect(() => busy(engine)).toThrow(
    /a worker thread did not finish fill within 0\.05 s\. Close the device and open it again; wasm\(\{ threads: 1 \}\)/,
  );
  expect(performance.now() - start).toBeLessThan(5000);
  expect(() => busy(engine)).toThrow(DlError);
});

test("a worker that traps is an error that names it, at once", async () => {
  const { module, memory } = await shared();
  const engine = new Engine({ module, memory, ...settings });
  const pool = await ThreadPool.start(1, { module, memory, spin: 1_000_000 });
  const query = engine.heap.take(2 ** 21, "test");
  const trap = (): void => {
    // Attention over 4096 queries; the scratch of thread 1 lies outside of memory.
    engine.set(
      query,
      query,
      query,
      query + 2 ** 20,
      query + 2 ** 20 + 2 ** 19,
      query,
      1,
      1,
      4096,
      8,
      8,
      0,
      0,
      query + 2 ** 20 + 2 ** 18,
      2 ** 30,
    );
    engine.run("attention", { total: 128, cost: 1e9 });
  };
  // On a busy machine the worker may come too late for a task or two.
  const until = performance.now() + 20_000;
  expect(() => {
    while (performance.now() < until) trap();
  }).toThrow(/worker thread 1 failed in attention/);
  expect(Atomics.load(new Int32Array(memory.buffer), failedWord)).toBe(1);
  await pool.stop();
});

const threadModule = createRequire(import.meta.url)("node:worker_threads") as { Worker: typeof import("node:worker_threads").Worker };
const { Worker } = threadModule;
afterEach(() => {
  threadModule.Worker = Worker;
});

test("workers that were terminated between tasks leave a device that works, alone", async () => {
  const started: InstanceType<typeof Worker>[] = [];
  threadModule.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      started.push(this);
    }
  };
  const device = await wasm({ threads: 3, spin: 0 }).open();
  expect(started.length).toBe(2);
  device.free(device.kernels.randomUniform(1, 2, 1_000_000));
  await Promise.all(started.map((worker) => worker.terminate()));
  const ones = { buffer: device.kernels.fill([1_000_000], "float32", 1), shape: [1_000_000], dtype: "float32" } as const;
  expect(device.readSync(device.kernels.reduce("sum", ones, 1, 1_000_000, 1), "float32", 1)[0]).toBe(1_000_000);
  await device.close();
});

test.each([0, 400_000])("four times as many threads as cores finish all the same, with spin %i", async (spin) => {
  const device = await wasm({ threads: Math.min(64, 4 * availableParallelism()), spin }).open();
  const a = { buffer: device.kernels.randomUniform(1, 2, 128 * 128), shape: [128, 128], dtype: "float32" } as const;
  const problem = { batches: 1, m: 128, k: 128, n: 128, transposeA: false, transposeB: false, aIndex: undefined, bIndex: undefined };
  const start = performance.now();
  for (let i = 0; i < 300; i++) device.free(device.kernels.matmul(a, a, problem, {}));
  // 0.1 ms each on one thread; what spins is bounded, so even a busy machine stays far from this.
  expect(performance.now() - start).toBeLessThan(15_000);
  await device.close();
});

test("spin outside its range is an error", () => {
  expect(() => wasm({ spin: -1 })).toThrow(/expected spin from 0 to 2³⁰, got -1/);
});
