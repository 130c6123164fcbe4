/** Ten thousand steps of a small network in a process of their own, and what is held after the first thousand and after all: a line of JSON. */

import { wasm } from "@dl/backend-wasm";
import { maxPool2d, openDevice, Rng, relu } from "@dl/core";
import { arrayDataset } from "@dl/data";
import { AdamW, BatchNorm, Conv2d, crossEntropy, Dropout, Flatten, Linear, Sequential } from "@dl/nn";
import type { Run } from "../callback.ts";
import { fit } from "../fit.ts";

export interface Held {
  readonly step: number;
  /** Of the device. */
  readonly buffers: number;
  readonly bytes: number;
  readonly peakBytes: number;
  /** Of JavaScript's objects and arrays, after its garbage was collected. */
  readonly heapBytes: number;
  /** Of the process: the resident set. */
  readonly residentBytes: number;
}

const rng = new Rng(1);
const images = rng.fork("images").uniform([400, 8, 8, 1]);
// Is the upper half the brighter one?
const labels = Int32Array.from({ length: 400 }, (_, i) => {
  let difference = 0;
  for (let pixel = 0; pixel < 64; pixel++) difference += (pixel < 32 ? 1 : -1) * images.data[64 * i + pixel]!;
  return difference > 0 ? 1 : 0;
});

await using device = await openDevice(wasm({ threads: 1 }));
using model = new Sequential([
  new Conv2d({ inputs: 1, outputs: 4, kernelSize: 3, rng: rng.fork("conv") }),
  new BatchNorm({ channels: 4 }),
  relu,
  (x) => maxPool2d(x, { kernelSize: 2 }),
  new Flatten(),
  new Dropout({ rate: 0.1 }),
  new Linear({ inputs: 36, outputs: 2, rng: rng.fork("head") }),
]);
using optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });

const seen: Held[] = [];
function look({ step }: Run): void {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("long-training-fixture: expected node --expose-gc.");
  gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  seen.push({ step, ...device.memory(), heapBytes: heapUsed + external, residentBytes: rss });
}

const { history } = await fit({
  ...{ device, model, optimizer, dataset: arrayDataset({ images, labels: { shape: [400], dtype: "int32", data: labels } }) },
  batchSize: 4,
  epochs: 100,
  rng: rng.fork("fit"),
  step: ({ images, labels }, mode) => crossEntropy(model.forward(images, mode), labels),
  callbacks: [
    {
      name: "look",
      onPause: (run, moment) => {
        if (moment === "step" && run.step % 1000 === 0) look(run);
      },
    },
  ],
});
console.log(JSON.stringify({ seen, loss: history.at(-1)!.metrics.loss }));
