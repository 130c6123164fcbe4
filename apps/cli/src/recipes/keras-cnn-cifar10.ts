/** The Keras tutorial's network on CIFAR-10. */

import { KerasCnn, kerasCnnCifar10 as network } from "@dl/cnn";
import { flip, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { Adam, AdamW, schedules } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const kerasCnnCifar10: Recipe = {
  name: "keras-cnn-cifar10",
  title: "Keras CNN on CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      name: "default",
      summary: "conv32-conv64-conv128-dense128 with dropout 0.5 on CIFAR-10, Adam 1e-3 with decay and a cosine, flips and crops.",
      defaults: { epochs: 40, batchSize: 64, learningRate: 1e-3 },
      goals: { "test/accuracy": { atLeast: 0.77 } },
      validationShare: 0.1,
      patience: 6,
      labelSmoothing: 0,
      augmentation: [flip(), padCrop({ padding: 4, mode: "reflect" })],
      normalization: cifar10Statistics,
      model: (rng) => new KerasCnn({ ...network, rng }),
      optimizer: (model, { learningRate, steps }) =>
        new AdamW(model.parameters(), { learningRate: schedules.cosine(learningRate, { steps }), weightDecay: 0.01 }),
    },
    {
      name: "essay",
      summary: "The same network as the Keras tutorials train it: pixels in [0, 1], Adam 1e-3, flips, early stopping with patience 2.",
      defaults: { epochs: 50, batchSize: 32, learningRate: 1e-3 },
      validationShare: 0.1,
      patience: 2,
      labelSmoothing: 0,
      augmentation: [flip()],
      // Pixels come in [0, 1] already: Keras calls it rescale = 1/255.
      normalization: { mean: [0, 0, 0], standardDeviation: [1, 1, 1] },
      model: (rng) => new KerasCnn({ ...network, rng }),
      optimizer: (model, { learningRate }) => new Adam(model.parameters(), { learningRate }),
    },
  ],
};
