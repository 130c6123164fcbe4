/** Adam for both players of a GAN, at one rate that falls to 0 in a straight line. */

import { Adam, schedules } from "@dl/nn";
import type { GanPreset } from "../gan-training.ts";

/** For players that move in turn, one step each. */
export const fallingRates: GanPreset["optimizers"] = ({ generator, discriminator }, { learningRate, steps }) => {
  const options = { learningRate: schedules.linear(learningRate, { steps }), beta1: 0.5 };
  return { generator: new Adam(generator.parameters(), options), discriminator: new Adam(discriminator.parameters(), options) };
};
