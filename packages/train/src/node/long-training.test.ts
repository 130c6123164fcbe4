import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Held } from "./long-training-fixture.ts";

test("10,000 steps of a convolutional network: live buffers stay as they were, and the process does not grow", async () => {
  const script = fileURLToPath(new URL("./long-training-fixture.ts", import.meta.url));
  const words = ["--expose-gc", "--conditions=@dl/source", "--import", "tsx", script];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 280_000, killSignal: "SIGKILL" });
  const { seen, loss } = JSON.parse(stdout) as { seen: readonly Held[]; loss: number };
  const [early, late] = seen as readonly [Held, Held];
  expect([early.step, late.step]).toEqual([1000, 10_000]);
  // It did train.
  expect(loss).toBeLessThan(0.3);
  expect([late.buffers, late.bytes, late.peakBytes]).toEqual([early.buffers, early.bytes, early.peakBytes]);
  // 110 bytes a step. Half of it is compiled code and the records of 90 epochs.
  expect(late.heapBytes - early.heapBytes).toBeLessThan(1e6);
  // What the compiler and the garbage collector take beside it, some 12 MB; the activations of 9,000 steps would be 120.
  expect(late.residentBytes - early.residentBytes).toBeLessThan(30e6);
}, 300_000);
