/** A run that is interrupted and goes on ends with the same weights, to the bit, as one that never stopped. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { wasm } from "@dl/backend-wasm";
import { LeNet, lenetMnist } from "@dl/cnn";
import { type Device, openDevice, Rng } from "@dl/core";
import { type Dataset, padCrop } from "@dl/data";
import { mnist } from "@dl/data/node";
import { AdamW, crossEntropy, readState } from "@dl/nn";
import { type FitResult, fit } from "@dl/train";
import { Checkpoints, checkpointName, RunFolder, resumeFrom } from "@dl/train/node";
import { bars } from "./bars.ts";

const quick = process.argv.includes("--quick");
const options = { epochs: 2, batchSize: quick ? 32 : 64, learningRate: 1e-3, interruptAfter: quick ? 12 : 1200, seed: 1 };

type Images = Dataset<Record<"images" | "labels", ReturnType<Rng["uniform"]>>>;

/** Trains in `path` until `stopAfter` steps, or to the end; takes up the checkpoint that is there when `resume` is true. */
async function train(
  path: string,
  { device, dataset, resume, stopAfter }: { device: Device; dataset: Images; resume: boolean; stopAfter?: number },
): Promise<{ result: FitResult; weights: Uint8Array }> {
  const rng = new Rng(options.seed);
  await using folder = await RunFolder.open(path, { resume });
  using model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
  using optimizer = new AdamW(model.parameters(), options);
  // A user's Ctrl-C would abort the same signal.
  const interruption = new AbortController();
  const result = await fit({
    device,
    model,
    optimizer,
    dataset,
    batchSize: options.batchSize,
    epochs: options.epochs,
    rng: rng.fork("fit"),
    transform: padCrop({ padding: 2 }), // drawn at random: its stream is part of what is resumed
    step: ({ images, labels }) => crossEntropy(model.forward(images), labels),
    signal: interruption.signal,
    callbacks: [
      new Checkpoints({ folder }),
      { name: "interruption", onStep: (_run, { step }) => void (step === stopAfter && interruption.abort()) },
    ],
    ...(resume && { resume: await resumeFrom(folder.file(checkpointName), { model, optimizer }) }),
  });
  const arrays = [...(await readState(model)).values()].map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return { result, weights: Buffer.concat(arrays) };
}

await using device = await openDevice(wasm(), cpu());
const dataset: Images = quick ? bars(new Rng(7), { count: 512 }) : await mnist({ split: "train" });
const root = await mkdtemp(join(tmpdir(), "dl-resume-"));
try {
  const whole = await train(join(root, "whole"), { device, dataset, resume: false });
  console.log(`never stopped: ${whole.result.reason} after ${whole.result.steps} steps`);
  const first = await train(join(root, "halves"), { device, dataset, resume: false, stopAfter: options.interruptAfter });
  console.log(`first half: ${first.result.reason} after ${first.result.steps} steps`);
  const second = await train(join(root, "halves"), { device, dataset, resume: true });
  console.log(`second half: ${second.result.reason} after ${second.result.steps} steps`);
  const same = Buffer.compare(whole.weights, second.weights) === 0;
  console.log(
    `weights ${same ? "are the same bits" : "differ"}, and ${Buffer.compare(whole.weights, first.weights) === 0 ? "did not move" : "moved"} since the interruption`,
  );
} finally {
  await rm(root, { recursive: true });
}
