/** The Keras tutorial's network on CIFAR-10. */

import { KerasCnn, kerasCnnCifar10 as preset } from "@dl/cnn";
import { flip, padCrop } from "@dl/data";
import { AdamW, schedules } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const kerasCnnCifar10: Recipe = {
  name: "keras-cnn-cifar10",
  title: "Keras CNN on CIFAR-10",
  summary: "conv32-conv64-conv128-dense128 with dropout 0.5 on CIFAR-10, Adam 1e-3 with decay, flips and crops.",
  data: cifar10Data,
  defaults: { epochs: 40, batchSize: 64, learningRate: 1e-3 },
  validationShare: 0.1,
  patience: 6,
  labelSmoothing: 0,
  augmentation: [flip(), padCrop({ padding: 4, mode: "reflect" })],
  model: (rng) => new KerasCnn({ ...preset, rng }),
  optimizer: (model, { learningRate, steps }) =>
    new AdamW(model.parameters(), { learningRate: schedules.cosine(learningRate, { steps }), weightDecay: 0.01 }),
};
