/**
 * Claims: a training step of nanoGPT's CPU configuration costs at most half as much again as in PyTorch (of the device), and, of the
 * whole with the model, at most a fifth more. Both are judged: the table says which was met. https://github.com/karpathy/nanoGPT
 */

import { AdamW, crossEntropy, decayGroups, inference } from "@dl/nn";
import type { BenchCase } from "../case.ts";
import { TinyGpt } from "../models/tiny-gpt.ts";
import { trainingWorkload } from "./training-workload.ts";

export const gptStep: BenchCase = {
  name: "gpt-step-12",
  title: "nanoGPT (4 layers, 4 heads, 128 wide, context 64) training step, batch 12",
  workload: "gpt-step",
  parameters: {
    batch: 12,
    context: 64,
    layers: 4,
    heads: 4,
    width: 128,
    vocabulary: 65,
    learningRate: 1e-3,
    weightDecay: 0.1,
    beta2: 0.99,
  },
  quick: { batch: 2, context: 16, layers: 2 },
  device: "wasm",
  measures: "time",
  prepare: async (preparation) => {
    const { rng } = preparation;
    const { batch, context, layers, heads, width, vocabulary, learningRate, weightDecay, beta2 } = preparation.parameters as GptParameters;
    const model = new TinyGpt({ layers, heads, width, context, vocabulary, rng: rng.fork("init") });
    const optimizer = new AdamW(decayGroups(model), { learningRate, beta2, weightDecay });
    const symbols = rng.fork("symbols");
    const shape = [batch, context];
    return trainingWorkload(preparation, {
      model,
      optimizer,
      batch: { inputs: symbols.integers(shape, 0, vocabulary), targets: symbols.integers(shape, 0, vocabulary) },
      loss: ({ inputs, targets }) => crossEntropy(model.forward(inputs, inference), targets),
    });
  },
  peers: ["torch"],
  // AdamW divides by the root of tiny second moments in its first steps: rounding differences grow there.
  tolerance: 5e-4,
  floors: [
    { of: "ratio", peer: "torch", atMost: () => 1.5 },
    { of: "ratio", peer: "torch", atMost: () => 1.2 },
  ],
};

type GptParameters = Record<
  "batch" | "context" | "layers" | "heads" | "width" | "vocabulary" | "learningRate" | "weightDecay" | "beta2",
  number
>;
