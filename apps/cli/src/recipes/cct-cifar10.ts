/** A compact vision transformer on CIFAR-10 from scratch. Hassani et al. 2021, arXiv:2104.05704. */

import { flip, padCrop } from "@dl/data";
import { cifar10Statistics } from "@dl/data/node";
import { AdamW, decayGroups, MultiOptimizer, Muon, schedules } from "@dl/nn";
import { CompactTransformer, cct2 } from "@dl/transformer";
import { cifar10Data } from "./data.ts";
import type { Recipe } from "./recipe.ts";

export const cctCifar10: Recipe = {
  name: "cct-cifar10",
  title: "A compact vision transformer on CIFAR-10",
  data: cifar10Data,
  presets: [
    {
      name: "default",
      summary:
        "CCT-2/3×2, 0.28 million parameters: two convolutions cut the patches; Muon learns the blocks in an eighth of the paper's epochs.",
      defaults: { epochs: 24, batchSize: 128, learningRate: 2e-3 },
      goals: { "test/accuracy": { atLeast: 0.8 } },
      validationShare: 0,
      patience: 0,
      labelSmoothing: 0.1,
      augmentation: [flip(), padCrop({ padding: 4 })],
      normalization: cifar10Statistics,
      model: (rng) => new CompactTransformer({ ...cct2, imageSize: 32, classes: 10, rng }),
      optimizer: (model, { learningRate, steps }) => {
        const rise = Math.round(0.05 * steps);
        const falling = (rate: number) => schedules.warmUp(schedules.cosine(rate, { steps: steps - rise }), { steps: rise });
        const isInside = (path: string) => path.startsWith("blocks") && path.endsWith("weight") && !path.includes("Norm");
        const inside = [...model.namedParameters()].filter(([path]) => isInside(path)).map(([, parameter]) => parameter);
        const rest = decayGroups(model).map(({ parameters, ...own }) => ({
          parameters: parameters.filter((one) => !inside.includes(one)),
          ...own,
        }));
        return new MultiOptimizer([
          new Muon(inside, { learningRate: falling(10 * learningRate), weightDecay: 0.01 }),
          new AdamW(rest, { learningRate: falling(learningRate), weightDecay: 0.05 }),
        ]);
      },
    },
  ],
};
