/** Up and then far down, with momentum the other way round. Smith and Topin 2018, "Super-convergence", arXiv:1708.07120; defaults as PyTorch's OneCycleLR. */

import { OptionError } from "@dl/core";
import { anneal } from "./cosine.ts";
import { checkSteps, type Schedule } from "./schedule.ts";

export interface OneCycleOptions {
  /** Steps of the whole run. */
  steps: number;
  /** Share of the steps that rise. Default 0.3. */
  rise?: number;
  /** The first value is `peak / initialDivisor`. Default 25. */
  initialDivisor?: number;
  /** The last value is the first over `finalDivisor`. Default 10⁴. */
  finalDivisor?: number;
}

/** From `peak / initialDivisor` up to `peak` and down to almost nothing, along two half cosines. */
export function oneCycle(peak: number, { steps, rise = 0.3, initialDivisor = 25, finalDivisor = 1e4 }: OneCycleOptions): Schedule {
  const first = peak / initialDivisor;
  return cycle("schedules.oneCycle", { steps, rise, first, middle: peak, last: first / finalDivisor });
}

/** The momentum that goes with `oneCycle`: from `high` down to `low` and back. */
export function oneCycleMomentum({
  steps,
  rise = 0.3,
  low = 0.85,
  high = 0.95,
}: Pick<OneCycleOptions, "steps" | "rise"> & { low?: number; high?: number }): Schedule {
  return cycle("schedules.oneCycleMomentum", { steps, rise, first: high, middle: low, last: high });
}

function cycle(
  where: string,
  { steps, rise, first, middle, last }: { steps: number; rise: number; first: number; middle: number; last: number },
): Schedule {
  checkSteps(`${where}: steps`, steps, 2);
  // PyTorch counts phases from 0 to the last step, so the turn lies one step before rise · steps.
  const turn = rise * steps - 1;
  const end = steps - 1;
  if (!(turn > 0 && turn < end))
    throw new OptionError(`${where}: expected a rise of more than one step and less than all ${steps}, got ${rise}.`);
  return (now) => (now <= turn ? anneal(first, middle, now / turn) : anneal(middle, last, Math.min(1, (now - turn) / (end - turn))));
}
