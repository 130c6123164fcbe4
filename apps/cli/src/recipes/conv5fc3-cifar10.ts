/** Five convolutions and three dense layers on CIFAR-10. */

import { Conv5Fc3, conv5Fc3Cifar10 as network } from "@dl/cnn";
import { alternatingFlip, cutout, flip, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { decayGroups, Sgd, schedules } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const conv5fc3Cifar10: Recipe = {
  name: "conv5fc3-cifar10",
  title: "Conv5Fc3 on CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      name: "default",
      summary: "AlexNet's plan with batch normalisation on CIFAR-10, SGD with a one-cycle schedule, alternating flips, crops and cutout.",
      defaults: { epochs: 60, batchSize: 128, learningRate: 0.1 },
      goals: { "test/accuracy": { atLeast: 0.9225 } },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0.1,
      augmentation: ({ epoch, rng }) => [alternatingFlip({ epoch, rng }), padCrop({ padding: 4, mode: "reflect" }), cutout({ size: 8 })],
      normalization: cifar10Statistics,
      model: (rng) => new Conv5Fc3({ ...network, rng }),
      optimizer: (model, { learningRate, steps }) =>
        new Sgd(decayGroups(model), {
          learningRate: schedules.oneCycle(learningRate, { steps }),
          momentum: 0.9,
          nesterov: true,
          weightDecay: 5e-4,
        }),
    },
    {
      name: "essay",
      summary: "The same network with SGD at one rate, as the essay says; its rate of 0.01, momentum 0.9 and flips are ours.",
      defaults: { epochs: 60, batchSize: 128, learningRate: 0.01 },
      validationShare: 0.1,
      patience: 10,
      labelSmoothing: 0,
      augmentation: [flip()],
      normalization: cifar10Statistics,
      model: (rng) => new Conv5Fc3({ ...network, rng }),
      optimizer: (model, { learningRate }) => new Sgd(model.parameters(), { learningRate, momentum: 0.9 }),
    },
  ],
};
