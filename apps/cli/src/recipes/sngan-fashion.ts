/** A residual GAN with spectral normalisation on Fashion-MNIST. Miyato et al. 2018, arXiv:1802.05957. */

import { hingeAdversarial, sngan28 as network, SnganDiscriminator, SnganGenerator } from "@dl/gan";
import { Adam } from "@dl/nn";
import { ganGoals } from "../gan-goals.ts";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { fashionMnistData } from "./data.ts";
import type { TaskRecipe } from "./task-recipe.ts";

export const snganFashion: TaskRecipe<GanPreset> = {
  name: "sngan-fashion",
  title: "SNGAN on Fashion-MNIST",
  presets: [
    {
      name: "default",
      summary: "Residual networks of 64 channels, hinge loss, the paper's Adam, two steps of the discriminator where the paper has five.",
      defaults: { epochs: 10, batchSize: 64, learningRate: 2e-4 },
      goals: ganGoals,
      data: fashionMnistData,
      extractor: "fashion-mnist",
      latent: 128,
      isConditional: false,
      scored: 10_000,
      generator: (rng) => new SnganGenerator({ ...network.generator, rng }),
      discriminator: (rng) => new SnganDiscriminator({ ...network.discriminator, rng }),
      optimizers: ({ generator, discriminator }, { learningRate }) => ({
        generator: new Adam(generator.parameters(), { learningRate, beta1: 0, beta2: 0.9 }),
        discriminator: new Adam(discriminator.parameters(), { learningRate, beta1: 0, beta2: 0.9 }),
      }),
      rules: { loss: hingeAdversarial(), discriminatorSteps: 2 },
      draw: (generator, { latents, mode }) => (generator as SnganGenerator).forward(latents, undefined, mode),
      judge: (discriminator, { images, mode }) => (discriminator as SnganDiscriminator).forward(images, undefined, mode),
      averageDecay: 0.999,
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
