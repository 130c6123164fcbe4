/** Balanced players under the Wasserstein loss with a gradient penalty, on MNIST. Gulrajani et al. 2017, arXiv:1704.00028. */

import {
  dcganMnistBalanced as balanced,
  DcganDiscriminator,
  DcganGenerator,
  dcganMnist as essay,
  gradientPenalty,
  wasserstein,
} from "@dl/gan";
import { Adam } from "@dl/nn";
import { ganGoals } from "../gan-goals.ts";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { mnistData } from "./data.ts";
import { fallingRates } from "./falling-rates.ts";
import type { TaskRecipe } from "./task-recipe.ts";

/** The loss, and the penalty on a share of each batch. */
const penalizing = (share: number): GanPreset["rules"] => ({
  loss: wasserstein(),
  penalty: ({ critic, real, fake, mode }) => gradientPenalty(critic, { real, fake, rng: mode.rng, share }),
});

const moments = { beta1: 0, beta2: 0.9 };

const preset: GanPreset = {
  name: "default",
  summary:
    "dcgan-mnist's players, the critic without batch norm; one step each, the critic's rate half the generator's, both falling to 0; the penalty on a quarter of each batch.",
  defaults: { epochs: 14, batchSize: 64, learningRate: 1e-3 },
  goals: ganGoals,
  data: mnistData,
  extractor: "mnist",
  latent: 100,
  isConditional: false,
  scored: 10_000,
  generator: (rng) => new DcganGenerator({ ...balanced.generator, rng }),
  // No batch norm: the penalty is each example's own.
  discriminator: (rng) => new DcganDiscriminator({ ...balanced.discriminator, batchNorm: false, rng }),
  // At twice the generator's rate, the critic's slopes stray and it tells real from fake hardly better than a coin: docs/decisions/0083.
  optimizers: fallingRates({ ratio: 0.5, ...moments }),
  rules: penalizing(0.25),
  draw: (generator, { latents, mode }) => (generator as DcganGenerator).forward(latents, mode),
  averageDecay: 0.999,
};

export const wganGpMnist: TaskRecipe<GanPreset> = {
  name: "wgan-gp-mnist",
  title: "WGAN-GP on MNIST",
  presets: [
    preset,
    {
      ...preset,
      name: "paper",
      summary: "The paper's Adam at 1e-4 and five steps of the critic for each of the generator, with the networks of dcgan-mnist's essay.",
      defaults: { epochs: 20, batchSize: 64, learningRate: 1e-4 },
      generator: (rng) => new DcganGenerator({ ...essay.generator, rng }),
      discriminator: (rng) => new DcganDiscriminator({ ...essay.discriminator, rng }),
      optimizers: ({ generator, discriminator }, { learningRate }) => ({
        generator: new Adam(generator.parameters(), { learningRate, ...moments }),
        discriminator: new Adam(discriminator.parameters(), { learningRate, ...moments }),
      }),
      rules: { ...penalizing(1), discriminatorSteps: 5 },
      averageDecay: 0.995,
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
