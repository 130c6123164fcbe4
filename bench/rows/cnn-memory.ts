/** Claim: training the convolutional network takes no more memory than PyTorch's process does. */

import type { BenchCase } from "../case.ts";
import { cnnTraining } from "./cnn-step.ts";
import { trainingWorkload } from "./training-workload.ts";

export const cnnMemory: BenchCase = {
  name: "cnn-memory-64",
  title: "CNN training, batch 64: peak memory of the process",
  workload: "cnn-step",
  parameters: { batch: 64, learningRate: 0.01 },
  quick: { batch: 4 },
  device: "wasm",
  measures: "memory",
  prepare: async (preparation) => trainingWorkload(preparation, cnnTraining(preparation)),
  peers: ["torch"],
  tolerance: 1e-4,
  floors: [{ of: "ratio", peer: "torch", atMost: () => 1 }],
};
