/** A compact vision transformer on CIFAR-10 from scratch. Hassani et al. 2021, arXiv:2104.05704. */

import { flip, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { decayGroups } from "@dl/nn";
import { CompactTransformer, cct2 } from "@dl/transformer";
import { cifar10Data } from "./data.ts";
import { adamWOf } from "./model-recipe.ts";
import type { Recipe } from "./recipe.ts";

export const cctCifar10: Recipe = {
  name: "cct-cifar10",
  title: "A compact vision transformer on CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      name: "default",
      summary: "CCT-2/3×2, 0.28 million parameters: two convolutions cut the patches. In an hour or two.",
      defaults: { epochs: 30, batchSize: 128, learningRate: 2e-3 },
      goals: { "test/accuracy": { atLeast: 0.8 } },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0.1,
      augmentation: [flip(), padCrop({ padding: 4 })],
      normalization: cifar10Statistics,
      model: (rng) => new CompactTransformer({ ...cct2, imageSize: 32, classes: 10, rng }),
      optimizer: (model, { learningRate, steps }) =>
        adamWOf(decayGroups(model), { learningRate, steps, warmUpShare: 0.1, weightDecay: 0.05 }),
    },
  ],
};
