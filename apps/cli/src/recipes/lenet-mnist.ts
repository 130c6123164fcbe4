/** LeNet on MNIST: the first network to train. */

import { LeNet, lenetMnist as model } from "@dl/cnn";
import { mnistStatistics } from "@dl/data/node";
import { AdamW, schedules } from "@dl/nn";
import { mnistData } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const lenetMnist: Recipe = {
  name: "lenet-mnist",
  title: "LeNet on MNIST",
  data: mnistData,
  presets: [
    {
      name: "default",
      summary: "LeNet-5 on MNIST: over 98.5 % in a minute or two on a laptop.",
      defaults: { epochs: 6, batchSize: 64, learningRate: 2e-3 },
      goals: { "test/accuracy": { atLeast: 0.985 } },
      validationShare: 0.1,
      patience: 2,
      labelSmoothing: 0,
      augmentation: [],
      normalization: mnistStatistics,
      model: (rng) => new LeNet({ ...model, rng }),
      optimizer: (model, { learningRate, steps }) =>
        new AdamW(model.parameters(), { learningRate: schedules.cosine(learningRate, { steps }), weightDecay: 0.01 }),
    },
  ],
};
