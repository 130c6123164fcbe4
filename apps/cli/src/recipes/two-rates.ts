/** Adam for both players of a GAN, the discriminator's rate twice the generator's (Heusel et al. 2017, arXiv:1706.08500), both falling to 0 in a straight line. */

import { Adam, schedules } from "@dl/nn";
import type { GanPreset } from "../gan-training.ts";

/** For players that move in turn, one step each. */
export const twoRates: GanPreset["optimizers"] = ({ generator, discriminator }, { learningRate, steps }) => ({
  generator: new Adam(generator.parameters(), { learningRate: schedules.linear(learningRate, { steps }), beta1: 0.5 }),
  discriminator: new Adam(discriminator.parameters(), { learningRate: schedules.linear(2 * learningRate, { steps }), beta1: 0.5 }),
});
