/** Up and then far down, with momentum the other way round. Smith and Topin 2018, "Super-convergence", arXiv:1708.07120; defaults as PyTorch's OneCycleLR. */

import { OptionError } from "@dl/core";
import { checkChoice } from "../check-choice.ts";
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
  /** Half cosines, or straight lines. Default `cosine`. */
  anneal?: "cosine" | "linear";
  /** 3: down to the first value in as many steps as up, and only then to the last. Default 2. */
  phases?: 2 | 3;
}

/** From `peak / initialDivisor` up to `peak` and down to almost nothing, along half cosines. */
export function oneCycle(peak: number, { steps, rise = 0.3, initialDivisor = 25, finalDivisor = 1e4, ...form }: OneCycleOptions): Schedule {
  const first = peak / initialDivisor;
  return cycle("schedules.oneCycle", { steps, rise, first, middle: peak, last: first / finalDivisor, ...form });
}

/** The momentum that goes with `oneCycle`: from `high` down to `low` and back. */
export function oneCycleMomentum({
  steps,
  rise = 0.3,
  low = 0.85,
  high = 0.95,
  ...form
}: Pick<OneCycleOptions, "steps" | "rise" | "anneal" | "phases"> & { low?: number; high?: number }): Schedule {
  return cycle("schedules.oneCycleMomentum", { steps, rise, first: high, middle: low, last: high, ...form });
}

interface Cycle extends Pick<OneCycleOptions, "anneal" | "phases"> {
  readonly steps: number;
  readonly rise: number;
  readonly first: number;
  readonly middle: number;
  readonly last: number;
}

function cycle(where: string, { steps, rise, first, middle, last, anneal: form = "cosine", phases = 2 }: Cycle): Schedule {
  checkSteps(`${where}: steps`, steps, 2);
  checkChoice(where, ["anneal", form], { of: ["cosine", "linear"] });
  checkChoice(where, ["phases", phases], { of: [2, 3] });
  // PyTorch counts phases from 0 to the last step, so the turn lies one step before rise · steps.
  const turn = rise * steps - 1;
  const end = steps - 1;
  const turns = phases === 3 ? [turn, 2 * turn, end] : [turn, end];
  const values = phases === 3 ? [first, middle, first, last] : [first, middle, last];
  if (!(turn > 0 && turns.at(-2)! < end)) {
    throw new OptionError(`${where}: expected a rise of more than one step and less than all ${steps}, got ${rise} in ${phases} phases.`);
  }
  const between = form === "linear" ? (from: number, to: number, share: number): number => from + (to - from) * share : anneal;
  return (now) => {
    const phase = Math.min(turns.length - 1, turns.filter((place) => now > place).length);
    const start = phase === 0 ? 0 : turns[phase - 1]!;
    return between(values[phase]!, values[phase + 1]!, Math.min(1, (now - start) / (turns[phase]! - start)));
  };
}
