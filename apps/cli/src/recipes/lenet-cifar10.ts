/** LeNet on CIFAR-10, wider than the tutorial's. */

import { LeNet, lenetCifar10Wide } from "@dl/cnn";
import { flip, padCrop } from "@dl/data";
import { Sgd, schedules } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const lenetCifar10: Recipe = {
  name: "lenet-cifar10",
  title: "LeNet on CIFAR-10",
  summary: "LeNet-5, four times as wide, on CIFAR-10 with flips and crops.",
  data: cifar10Data,
  defaults: { epochs: 24, batchSize: 64, learningRate: 0.02 },
  validationShare: 0.1,
  patience: 6,
  labelSmoothing: 0,
  augmentation: [flip(), padCrop({ padding: 4, mode: "reflect" })],
  model: (rng) => new LeNet({ ...lenetCifar10Wide, rng }),
  optimizer: (model, { learningRate, steps }) =>
    new Sgd(model.parameters(), {
      learningRate: schedules.cosine(learningRate, { steps }),
      momentum: 0.9,
      nesterov: true,
      weightDecay: 5e-4,
    }),
};
