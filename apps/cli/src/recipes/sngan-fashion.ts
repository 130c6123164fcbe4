/** Residual GANs with spectral normalisation on Fashion-MNIST. Miyato et al. 2018, arXiv:1802.05957; told the class as in Miyato and Koyama 2018, arXiv:1802.05637. */

import { hingeAdversarial, sngan28 as network, SnganDiscriminator, SnganGenerator } from "@dl/gan";
import { Adam } from "@dl/nn";
import { ganGoals } from "../gan-goals.ts";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { fashionMnistData } from "./data.ts";
import { fallingRates } from "./falling-rates.ts";
import type { TaskRecipe } from "./task-recipe.ts";

const classes = fashionMnistData.classNames.length;

const discriminatorSteps = 2;

const preset: GanPreset = {
  name: "default",
  summary:
    "Residual networks of 32 to 64 channels told the class by conditional batch norm and projection, hinge loss, two steps of the discriminator for each of the generator, Adams at 1e-3 and half of it that fall to 0.",
  defaults: { epochs: 20, batchSize: 64, learningRate: 1e-3 },
  goals: ganGoals,
  data: fashionMnistData,
  extractor: "fashion-mnist",
  latent: 128,
  isConditional: true,
  scored: 10_000,
  generator: (rng) => new SnganGenerator({ ...network.generator, classes, rng }),
  discriminator: (rng) => new SnganDiscriminator({ ...network.discriminator, classes, rng }),
  optimizers: fallingRates({ ratio: 0.5, discriminatorSteps }),
  rules: { loss: hingeAdversarial(), discriminatorSteps },
  draw: (generator, { latents, labels, mode }) => (generator as SnganGenerator).forward(latents, labels, mode),
  judge: (discriminator, { images, labels, mode }) => (discriminator as SnganDiscriminator).forward(images, labels, mode),
  averageDecay: 0.999,
};

export const snganFashion: TaskRecipe<GanPreset> = {
  name: "sngan-fashion",
  title: "SNGAN on Fashion-MNIST",
  presets: [
    preset,
    {
      ...preset,
      name: "unconditional",
      summary: "The same networks without labels, the paper's Adam, two steps of the discriminator where the paper has five.",
      defaults: { epochs: 10, batchSize: 64, learningRate: 2e-4 },
      isConditional: false,
      generator: (rng) => new SnganGenerator({ ...network.generator, rng }),
      discriminator: (rng) => new SnganDiscriminator({ ...network.discriminator, rng }),
      optimizers: ({ generator, discriminator }, { learningRate }) => ({
        generator: new Adam(generator.parameters(), { learningRate, beta1: 0, beta2: 0.9 }),
        discriminator: new Adam(discriminator.parameters(), { learningRate, beta1: 0, beta2: 0.9 }),
      }),
      draw: (generator, { latents, mode }) => (generator as SnganGenerator).forward(latents, undefined, mode),
      judge: (discriminator, { images, mode }) => (discriminator as SnganDiscriminator).forward(images, undefined, mode),
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
