/** Claim: small steps are not drowned in overhead: LeNet on CIFAR-10 with batches of 4, as the PyTorch tutorial trains it. */

import { LeNet, lenetCifar10 } from "@dl/cnn";
import { crossEntropy, Sgd } from "@dl/nn";
import type { BenchCase } from "../case.ts";
import type { Preparation } from "../workload.ts";
import { syntheticImages } from "./synthetic-images.ts";
import { type TrainingWorkload, trainingWorkload } from "./training-workload.ts";

export function lenetTraining({ parameters, rng }: Preparation): TrainingWorkload<"images" | "labels"> {
  const model = new LeNet({ ...lenetCifar10, rng: rng.fork("init") });
  const optimizer = new Sgd(model.parameters(), { learningRate: parameters.learningRate!, momentum: parameters.momentum! });
  const batch = syntheticImages(rng.fork("data"), { batch: parameters.batch!, size: 32, channels: 3, classes: 10 });
  return { model, optimizer, batch, loss: ({ images, labels }) => crossEntropy(model.forward(images), labels) };
}

export const lenetStep: BenchCase = {
  name: "lenet-step-4",
  title: "LeNet training step, batch 4",
  workload: "lenet-step",
  parameters: { batch: 4, learningRate: 0.001, momentum: 0.9 },
  device: "wasm",
  measures: "time",
  prepare: async (preparation) => trainingWorkload(preparation, lenetTraining(preparation)),
  peers: ["torch"],
  tolerance: 1e-4,
  floors: [{ of: "ratio", peer: "torch", atMost: () => 1 }],
};
