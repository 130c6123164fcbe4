/** DCGAN's networks under the Wasserstein loss with a gradient penalty, on MNIST. Gulrajani et al. 2017, arXiv:1704.00028. */

import { DcganDiscriminator, DcganGenerator, gradientPenalty, dcganMnist as network, wasserstein } from "@dl/gan";
import { Adam } from "@dl/nn";
import { ganGoals } from "../gan-goals.ts";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { mnistData } from "./data.ts";
import type { TaskRecipe } from "./task-recipe.ts";

export const wganGpMnist: TaskRecipe<GanPreset> = {
  name: "wgan-gp-mnist",
  title: "WGAN-GP on MNIST",
  presets: [
    {
      name: "default",
      summary: "The paper's settings, five steps of the critic for each of the generator, with an average of the generator's weights.",
      defaults: { epochs: 20, batchSize: 64, learningRate: 1e-4 },
      goals: ganGoals,
      data: mnistData,
      extractor: "mnist",
      latent: 100,
      isConditional: false,
      scored: 10_000,
      generator: (rng) => new DcganGenerator({ ...network.generator, rng }),
      // No batch norm: the penalty is each example's own.
      discriminator: (rng) => new DcganDiscriminator({ ...network.discriminator, rng }),
      optimizers: ({ generator, discriminator }, { learningRate }) => ({
        generator: new Adam(generator.parameters(), { learningRate, beta1: 0, beta2: 0.9 }),
        discriminator: new Adam(discriminator.parameters(), { learningRate, beta1: 0, beta2: 0.9 }),
      }),
      rules: {
        loss: wasserstein(),
        discriminatorSteps: 5,
        penalty: ({ critic, real, fake, mode }) => gradientPenalty(critic, { real, fake, rng: mode.rng }),
      },
      draw: (generator, { latents, mode }) => (generator as DcganGenerator).forward(latents, mode),
      averageDecay: 0.995,
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
