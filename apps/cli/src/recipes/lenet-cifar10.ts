/** LeNet on CIFAR-10: wider than the tutorial's, and as the tutorial has it. */

import { LeNet, lenetCifar10 as tutorial, lenetCifar10Wide as wide } from "@dl/cnn";
import { flip, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { Sgd, schedules } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const lenetCifar10: Recipe = {
  name: "lenet-cifar10",
  title: "LeNet on CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      name: "default",
      summary: "LeNet-5, four times as wide, on CIFAR-10 with flips and crops.",
      defaults: { epochs: 24, batchSize: 64, learningRate: 0.02 },
      goals: { "test/accuracy": { atLeast: 0.7042 } },
      validationShare: 0.1,
      patience: 6,
      labelSmoothing: 0,
      augmentation: [flip(), padCrop({ padding: 4, mode: "reflect" })],
      normalization: cifar10Statistics,
      model: (rng) => new LeNet({ ...wide, rng }),
      optimizer: (model, { learningRate, steps }) =>
        new Sgd(model.parameters(), {
          learningRate: schedules.cosine(learningRate, { steps }),
          momentum: 0.9,
          nesterov: true,
          weightDecay: 5e-4,
        }),
    },
    {
      name: "essay",
      summary: "The PyTorch tutorial's LeNet: normalised by 0.5, SGD 1e-3 with momentum 0.9, batches of 4, no schedule.",
      defaults: { epochs: 10, batchSize: 4, learningRate: 1e-3 },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0,
      augmentation: [],
      normalization: { mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5] },
      model: (rng) => new LeNet({ ...tutorial, rng }),
      optimizer: (model, { learningRate }) => new Sgd(model.parameters(), { learningRate, momentum: 0.9 }),
    },
  ],
};
