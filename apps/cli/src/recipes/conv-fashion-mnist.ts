/** A small VGG with batch normalisation on Fashion-MNIST. */

import { Vgg } from "@dl/cnn";
import { cutout, flip, padCrop } from "@dl/data";
import { fashionMnistStatistics } from "@dl/data/node";
import { decayGroups, Sgd, schedules } from "@dl/nn";
import { fashionMnistData } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const convFashionMnist: Recipe = {
  name: "conv-fashion-mnist",
  title: "Five convolutions on Fashion-MNIST",
  data: fashionMnistData,
  presets: [
    {
      name: "default",
      summary: "conv32-conv32-pool-conv64-conv64-pool-conv128-pool-dense128 with batch normalisation on Fashion-MNIST, one cycle of SGD.",
      defaults: { epochs: 16, batchSize: 128, learningRate: 0.1 },
      goals: { "test/accuracy": { atLeast: 0.935 } },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0.05,
      augmentation: [flip(), padCrop({ padding: 2 }), cutout({ size: 6 })],
      normalization: fashionMnistStatistics,
      model: (rng) =>
        new Vgg({
          ...{ channels: 1, classes: 10, rng },
          stages: [[32, 32], [64, 64], [128]],
          batchNorm: true,
          pooledSize: 3,
          hidden: [128],
          dropout: 0.3,
        }),
      optimizer: (model, { learningRate, steps }) =>
        new Sgd(decayGroups(model), {
          learningRate: schedules.oneCycle(learningRate, { steps, rise: 0.25 }),
          momentum: 0.9,
          nesterov: true,
          weightDecay: 5e-4,
        }),
    },
  ],
};
