/** Claim: a training step of a small convolutional network costs what it costs in PyTorch, and a twentieth of tfjs. */

import { KerasCnn, kerasCnnCifar10 } from "@dl/cnn";
import { crossEntropy, Sgd, training } from "@dl/nn";
import type { BenchCase, Engine } from "../case.ts";
import type { Preparation } from "../workload.ts";
import { syntheticImages } from "./synthetic-images.ts";
import { type TrainingWorkload, trainingWorkload } from "./training-workload.ts";

/** The Keras tutorial's network on 32×32×3 images, without dropout, so that every contestant computes the same; plain SGD. */
export function cnnTraining({ parameters, rng }: Preparation): TrainingWorkload<"images" | "labels"> {
  // Narrower where a quick run would wait for a slow peer.
  const narrow = parameters.filters === undefined ? {} : { filters: [parameters.filters, parameters.filters, parameters.filters] };
  const model = new KerasCnn({ ...kerasCnnCifar10, ...narrow, dropout: 0, rng: rng.fork("init") });
  const optimizer = new Sgd(model.parameters(), { learningRate: parameters.learningRate! });
  const batch = syntheticImages(rng.fork("data"), { batch: parameters.batch!, size: 32, channels: 3, classes: 10 });
  const mode = training(rng.fork("dropout"));
  return { model, optimizer, batch, loss: ({ images, labels }) => crossEntropy(model.forward(images, mode), labels) };
}

/** Fused multiply-adds, where the engine has them, double what a core can do. */
const atMost = ({ relaxed, nodeMajor }: Engine): number => (relaxed && nodeMajor >= 24 ? 1 : 1.3);

/** On one adapter, whatever it is, beside what tfjs composes of its kernels. */
export const webgpuCnnStep: BenchCase = {
  name: "webgpu-cnn-step-32",
  title: "CNN training step, batch 32, WebGPU",
  workload: "cnn-step",
  parameters: { batch: 32, learningRate: 0.01 },
  quick: { batch: 2 },
  device: "webgpu",
  measures: "time",
  prepare: async (preparation) => trainingWorkload(preparation, cnnTraining(preparation)),
  peers: ["tfjs-webgpu"],
  tolerance: 1e-4,
  floors: [
    { of: "ratio", peer: "tfjs-webgpu", atMost: () => 0.5 },
    { of: "launches", peer: "tfjs-webgpu", atMost: 0.5 },
  ],
};

/** Plain TypeScript beside plain TypeScript. tfjs takes seconds an image: four of them, and two turns of one step. */
export const cpuCnnStep: BenchCase = {
  name: "cpu-cnn-step-4",
  title: "CNN training step, batch 4, cpu",
  workload: "cnn-step",
  parameters: { batch: 4, learningRate: 0.01 },
  quick: { batch: 1, filters: 2 },
  device: "cpu",
  measures: "time",
  prepare: async (preparation) => trainingWorkload(preparation, cnnTraining(preparation)),
  peers: ["tfjs-cpu"],
  plan: { rounds: 2, least: 1 },
  tolerance: 1e-4,
  floors: [{ of: "ratio", peer: "tfjs-cpu", atMost: () => 1 / 100 }],
};

export const cnnStep: readonly BenchCase[] = [32, 64].map((batch) => ({
  name: `cnn-step-${batch}`,
  title: `CNN training step, batch ${batch}`,
  workload: "cnn-step",
  parameters: { batch, learningRate: 0.01 },
  quick: { batch: batch / 16 },
  device: "wasm",
  measures: "time",
  prepare: async (preparation) => trainingWorkload(preparation, cnnTraining(preparation)),
  peers: ["torch", "tfjs-wasm"],
  tolerance: 1e-4,
  floors: [
    { of: "ratio", peer: "torch", atMost },
    { of: "ratio", peer: "tfjs-wasm", atMost: () => 1 / 20 },
  ],
}));
