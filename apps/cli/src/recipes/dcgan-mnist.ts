/** DCGAN on MNIST: MISSION.md, row 5. */

import { DcganDiscriminator, DcganGenerator, dcganMnist as network, nonSaturating } from "@dl/gan";
import { Adam } from "@dl/nn";
import { ganGoals } from "../gan-goals.ts";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { mnistData } from "./data.ts";
import type { TaskRecipe } from "./task-recipe.ts";

const preset: GanPreset = {
  name: "default",
  summary:
    "DCGAN as the essay has it, with an average of the generator's weights: 100 → 7·7·256 → 128 → 64 → 1 against 64 → 128 → 1, two Adams at 2e-4.",
  defaults: { epochs: 10, batchSize: 64, learningRate: 2e-4 },
  goals: ganGoals,
  data: mnistData,
  extractor: "mnist",
  latent: 100,
  isConditional: false,
  scored: 10_000,
  generator: (rng) => new DcganGenerator({ ...network.generator, rng }),
  discriminator: (rng) => new DcganDiscriminator({ ...network.discriminator, rng }),
  optimizers: ({ generator, discriminator }, { learningRate }) => ({
    generator: new Adam(generator.parameters(), { learningRate, beta1: 0.5 }),
    discriminator: new Adam(discriminator.parameters(), { learningRate, beta1: 0.5 }),
  }),
  rules: { loss: nonSaturating() },
  draw: (generator, { latents, mode }) => (generator as DcganGenerator).forward(latents, mode),
  averageDecay: 0.999,
};

export const dcganMnist: TaskRecipe<GanPreset> = {
  name: "dcgan-mnist",
  title: "DCGAN on MNIST",
  presets: [
    preset,
    {
      ...preset,
      name: "essay",
      summary: "The same without the average, for 200 epochs.",
      defaults: { epochs: 200, batchSize: 64, learningRate: 2e-4 },
      averageDecay: null,
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
