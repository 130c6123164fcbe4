/** ResNet-20 on CIFAR-10. He et al. 2015, arXiv:1512.03385, section 4.2. */

import { resnet20 as network, ResNet } from "@dl/cnn";
import { alternatingFlip, cutout, flip, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { Sgd, schedules } from "@dl/nn";
import { cifar10Data } from "./data.ts";
import { nesterovCosine } from "./nesterov-cosine.ts";
import type { Recipe } from "./recipe.ts";

export const resnet20Cifar10: Recipe = {
  name: "resnet20-cifar10",
  title: "ResNet-20 on CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      name: "default",
      summary:
        "ResNet-20 on CIFAR-10, SGD with Nesterov momentum and a cosine after a warm-up, in fewer epochs than the paper's; alternating flips and cutout.",
      defaults: { epochs: 120, batchSize: 128, learningRate: 0.1 },
      goals: { "test/accuracy": { atLeast: 0.917 } },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0,
      augmentation: ({ epoch, rng }) => [alternatingFlip({ epoch, rng }), padCrop({ padding: 4, mode: "reflect" }), cutout({ size: 8 })],
      normalization: cifar10Statistics,
      model: (rng) => new ResNet({ ...network, classes: 10, rng }),
      optimizer: nesterovCosine,
    },
    {
      name: "paper",
      summary: "The paper's settings: SGD with momentum 0.9 for 64,000 steps, the rate a tenth from half and from three quarters of them.",
      defaults: { epochs: 164, batchSize: 128, learningRate: 0.1 },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0,
      augmentation: [flip(), padCrop({ padding: 4 })],
      normalization: cifar10Statistics,
      model: (rng) => new ResNet({ ...network, classes: 10, rng }),
      optimizer: (model, { learningRate, steps }) =>
        new Sgd(model.parameters(), {
          learningRate: schedules.multiStep(learningRate, { milestones: [steps / 2, (3 * steps) / 4] }),
          momentum: 0.9,
          weightDecay: 1e-4,
        }),
    },
  ],
};
