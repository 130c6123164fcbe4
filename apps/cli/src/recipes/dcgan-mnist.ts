/** DCGAN on MNIST: MISSION.md, row 5. */

import { dcganMnistBalanced as balanced, DcganDiscriminator, DcganGenerator, dcganMnist as essay, nonSaturating } from "@dl/gan";
import { Adam } from "@dl/nn";
import { ganGoals } from "../gan-goals.ts";
import { evaluateGan, type GanPreset, trainGan } from "../gan-training.ts";
import { mnistData } from "./data.ts";
import { fallingRates } from "./falling-rates.ts";
import type { TaskRecipe } from "./task-recipe.ts";

const preset: GanPreset = {
  name: "default",
  summary:
    "100 → 512 → 7·7·128 → 64 → 32 → 1 against 64 → 128 → 256 → 256 → 1 with batch norm in both, Adams at 1e-3 falling to 0, an average of the generator's weights.",
  defaults: { epochs: 4, batchSize: 64, learningRate: 1e-3 },
  goals: ganGoals,
  data: mnistData,
  extractor: "mnist",
  latent: 100,
  isConditional: false,
  scored: 10_000,
  generator: (rng) => new DcganGenerator({ ...balanced.generator, rng }),
  discriminator: (rng) => new DcganDiscriminator({ ...balanced.discriminator, rng }),
  optimizers: fallingRates(),
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
      summary: "DCGAN as the essay has it: 100 → 7·7·256 → 128 → 64 → 1 against 64 → 128 → 1, two Adams at 2e-4, for 200 epochs.",
      defaults: { epochs: 200, batchSize: 64, learningRate: 2e-4 },
      generator: (rng) => new DcganGenerator({ ...essay.generator, rng }),
      discriminator: (rng) => new DcganDiscriminator({ ...essay.discriminator, rng }),
      optimizers: ({ generator, discriminator }, { learningRate }) => ({
        generator: new Adam(generator.parameters(), { learningRate, beta1: 0.5 }),
        discriminator: new Adam(discriminator.parameters(), { learningRate, beta1: 0.5 }),
      }),
      averageDecay: null,
    },
  ],
  train: trainGan,
  evaluate: evaluateGan,
};
