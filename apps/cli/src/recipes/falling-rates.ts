/** Adam for both players of a GAN, at rates that fall to 0 in a straight line. */

import { Adam, schedules } from "@dl/nn";
import type { GanPreset } from "../gan-training.ts";

export interface FallingRatesOptions {
  /** The discriminator's rate by the generator's: two time scales, Heusel et al. 2017, arXiv:1706.08500. Default 1. */
  ratio?: number;
  /** Steps of the discriminator for each of the generator, whose rate counts its own steps. Default 1. */
  discriminatorSteps?: number;
  /** Default 0.5. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
}

export function fallingRates({
  ratio = 1,
  discriminatorSteps = 1,
  beta1 = 0.5,
  beta2 = 0.999,
}: FallingRatesOptions = {}): GanPreset["optimizers"] {
  return ({ generator, discriminator }, { learningRate, steps }) => {
    const falling = (rate: number, own: number) => ({ learningRate: schedules.linear(rate, { steps: own }), beta1, beta2 });
    return {
      generator: new Adam(generator.parameters(), falling(learningRate, Math.max(1, Math.floor(steps / discriminatorSteps)))),
      discriminator: new Adam(discriminator.parameters(), falling(ratio * learningRate, steps)),
    };
  };
}
