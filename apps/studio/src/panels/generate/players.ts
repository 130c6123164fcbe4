/** The two players and the rules between them. In their full size they are the recipes of `dl train`. */

import type { Rng } from "@dl/core";
import type { Example } from "@dl/data";
import {
  DcganDiscriminator,
  DcganGenerator,
  dcganMnist,
  type FitGanOptions,
  gradientPenalty,
  leastSquares,
  nonSaturating,
  wasserstein,
} from "@dl/gan";
import { Adam } from "@dl/nn";
import type { GanMethod, GenerateSettings } from "./contract.ts";

export const latentSize = 100;

/** A fraction of the channels, for a page. */
const small = {
  generator: { ...dcganMnist.generator, startWidth: 48, widths: [32, 16] },
  discriminator: { ...dcganMnist.discriminator, widths: [16, 32] },
} as const;

export interface Players {
  readonly generator: DcganGenerator;
  readonly discriminator: DcganDiscriminator;
  readonly optimizers: { readonly generator: Adam; readonly discriminator: Adam };
  readonly rules: Pick<FitGanOptions<Example<"images" | "labels">>, "loss" | "penalty" | "discriminatorSteps">;
  /** Of the generator's weights. */
  readonly averageDecay: number;
  /** The recipe of `dl train` that is this run. */
  readonly recipe: string | undefined;
}

const rules: Readonly<Record<GanMethod, Players["rules"]>> = {
  dcgan: { loss: nonSaturating() },
  lsgan: { loss: leastSquares() },
  "wgan-gp": {
    loss: wasserstein(),
    discriminatorSteps: 5,
    penalty: ({ critic, real, fake, mode }) => gradientPenalty(critic, { real, fake, rng: mode.rng }),
  },
};

export function playersOf({ method, size, set, learningRate }: GenerateSettings, rng: Rng): Players {
  const networks = size === "full" ? dcganMnist : small;
  const generator = new DcganGenerator({ ...networks.generator, rng: rng.fork("generator") });
  const discriminator = new DcganDiscriminator({ ...networks.discriminator, rng: rng.fork("discriminator") });
  const moments = method === "wgan-gp" ? { beta1: 0, beta2: 0.9 } : { beta1: 0.5 };
  const isRecipe = size === "full" && set === "mnist" && method !== "lsgan";
  return {
    generator,
    discriminator,
    optimizers: {
      generator: new Adam(generator.parameters(), { learningRate, ...moments }),
      discriminator: new Adam(discriminator.parameters(), { learningRate, ...moments }),
    },
    rules: rules[method],
    averageDecay: isRecipe ? (method === "dcgan" ? 0.999 : 0.995) : 0.98,
    recipe: isRecipe ? `${method}-mnist` : undefined,
  };
}
