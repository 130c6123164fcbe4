/** SGD with Nesterov momentum, its rate a cosine after a warm-up: for networks of ResNet-20's kind. Goyal et al. 2017, arXiv:1706.02677, section 2.2. */

import { decayGroups, Sgd, schedules } from "@dl/nn";
import type { Preset } from "./recipe.ts";

export const nesterovCosine: Preset["optimizer"] = (model, { learningRate, steps, epochs }) => {
  // Five epochs, and of a training of a few a fifth: a rate that never comes down leaves scores of noise.
  const warm = Math.min(steps - 1, Math.ceil(steps * Math.min(5 / epochs, 0.2)));
  return new Sgd(decayGroups(model), {
    learningRate: schedules.warmUp(schedules.cosine(learningRate, { steps: steps - warm }), { steps: warm, start: 0.1 }),
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
  });
};
