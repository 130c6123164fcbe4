import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Held } from "./long-training-fixture.ts";

test("10,000 steps of a convolutional network: live buffers stay as they were, and the process does not grow", async () => {
  const script = fileURLToPath(new URL("./long-training-fixture.ts", import.meta.url));
  // A young generation of one MB: how much garbage waits in it depends on the machine's moment.
  const words = ["--expose-gc", "--max-semi-space-size=1", "--conditions=@dl/source", "--import", "tsx", script];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 280_000, killSignal: "SIGKILL" });
  const { seen, loss } = JSON.parse(stdout) as { seen: readonly Held[]; loss: number };
  expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 10 }, (_, i) => 1000 * (i + 1)));
  // By the 4,000th step the engine has compiled what it will.
  const [early, late] = [seen[3]!, seen[9]!];
  // It did train.
  expect(loss).toBeLessThan(0.3);
  expect([late.buffers, late.bytes, late.peakBytes]).toEqual([early.buffers, early.bytes, early.peakBytes]);
  // 100 bytes a step: the records of 60 epochs lie within it.
  expect(late.heapBytes - early.heapBytes).toBeLessThan(600e3);
  // Some 2 MB; the activations of 6,000 steps would be 80.
  expect(late.residentBytes - early.residentBytes).toBeLessThan(20e6);
}, 300_000);
