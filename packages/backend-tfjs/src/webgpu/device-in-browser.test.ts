/** The device in Chromium: on the page's own thread and in a Web Worker, beside wasm. */

import { wasm } from "@dl/backend-wasm";
import { expect, test } from "vitest";
import { type TrainingResult, trainSmall } from "./training-fixture.ts";
import { webgpu } from "./webgpu.ts";

const steps = 20;

function inWorker(): Promise<TrainingResult & { error?: string }> {
  const worker = new Worker(new URL("./browser-worker-fixture.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      resolve(data as TrainingResult);
      worker.terminate();
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ steps });
  });
}

test("the first twenty losses are wasm's, and buffers stay as many", async () => {
  const here = await trainSmall(webgpu(), { steps });
  const there = await trainSmall(wasm({ threads: 1, relaxed: false, mainThread: "block" }), { steps });
  expect(here.device).toMatch(/^webgpu \(/);
  // Twenty steps of float32 whose sums have another order.
  here.losses.forEach((loss, i) => void expect(Math.abs(loss - there.losses[i]!)).toBeLessThan(1e-4));
  expect(here.live[steps - 1]).toEqual(here.live[4]);
});

test("a Web Worker has a device of its own, with the page's losses to the bit", async () => {
  const [there, here] = [await inWorker(), await trainSmall(webgpu(), { steps })];
  expect(there.error).toBeUndefined();
  expect(there.losses).toEqual(here.losses);
});
