/** Straight lines and powers from one value to another. */

import { checkSteps, type Schedule } from "./schedule.ts";

/** `end + (initial − end)·(1 − step/steps)^power`, and `end` from then on. PyTorch's PolynomialLR. */
export function polynomial(initial: number, { steps, power = 1, end = 0 }: { steps: number; power?: number; end?: number }): Schedule {
  checkSteps("schedules.polynomial: steps", steps);
  return (now) => end + (initial - end) * Math.max(0, 1 - now / steps) ** power;
}

/** A straight line from `initial` to `end` in `steps` steps, and `end` from then on. */
export function linear(initial: number, { steps, end = 0 }: { steps: number; end?: number }): Schedule {
  return polynomial(initial, { steps, end });
}
