/** A DCGAN told which digit to make, on MNIST. Mirza and Osindero 2014, arXiv:1411.1784. */

import { ConditionalDiscriminator, ConditionalGenerator, dcganMnistBalanced as network, nonSaturating } from "@dl/gan";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { mnistData } from "./data.ts";
import { fallingRates } from "./falling-rates.ts";
import type { TaskRecipe } from "./task-recipe.ts";

const classes = mnistData.classNames.length;

export const cganMnist: TaskRecipe<GanPreset> = {
  name: "cgan-mnist",
  title: "Conditional DCGAN on MNIST",
  presets: [
    {
      name: "default",
      summary: "dcgan-mnist with the label beside the latents and beside the image.",
      defaults: { epochs: 6, batchSize: 64, learningRate: 1e-3 },
      goals: { "test/conditionalAccuracy": { atLeast: 0.97 } },
      data: mnistData,
      extractor: "mnist",
      latent: 100,
      isConditional: true,
      scored: 10_000,
      generator: (rng) => new ConditionalGenerator({ ...network.generator, classes, rng }),
      discriminator: (rng) => new ConditionalDiscriminator({ ...network.discriminator, classes, rng }),
      optimizers: fallingRates(),
      rules: { loss: nonSaturating() },
      draw: (generator, { latents, labels, mode }) => (generator as ConditionalGenerator).forward(latents, labels, mode),
      judge: (discriminator, { images, labels, mode }) => (discriminator as ConditionalDiscriminator).forward(images, labels, mode),
      averageDecay: 0.999,
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
