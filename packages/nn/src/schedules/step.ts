/** Decay by a factor: every so many steps, at milestones, or at each step. */

import { OptionError } from "@dl/core";
import { checkSteps, type Schedule } from "./schedule.ts";

/** `initial · factor^⌊step / every⌋`. PyTorch's StepLR. */
export function step(initial: number, { every, factor = 0.1 }: { every: number; factor?: number }): Schedule {
  checkSteps("schedules.step: every", every);
  return (now) => initial * factor ** Math.floor(now / every);
}

/** `initial`, multiplied by `factor` at each milestone passed. PyTorch's MultiStepLR. */
export function multiStep(initial: number, { milestones, factor = 0.1 }: { milestones: readonly number[]; factor?: number }): Schedule {
  for (const milestone of milestones) {
    if (!(milestone >= 0)) throw new OptionError(`schedules.multiStep: expected milestones ≥ 0, got [${milestones.join(", ")}].`);
  }
  return (now) => initial * factor ** milestones.filter((milestone) => now >= milestone).length;
}

/** `initial · factor^step`. PyTorch's ExponentialLR. */
export function exponential(initial: number, { factor }: { factor: number }): Schedule {
  return (now) => initial * factor ** now;
}
