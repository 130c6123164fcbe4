/** Schedules: a hyper-parameter as a function of the step, pure, so that a resumed run needs to know the step alone. */

import { OptionError } from "@dl/core";

/** The value to use at a step; steps count from 0. */
export type Schedule = (step: number) => number;

/** Always the same. */
export function constant(value: number): Schedule {
  return () => value;
}

/** Throws unless a duration is a whole number of at least `minimum` steps. */
export function checkSteps(where: string, steps: number, minimum = 1): void {
  if (!Number.isInteger(steps) || steps < minimum) {
    throw new OptionError(`${where}: expected a whole number of steps ≥ ${minimum}, got ${steps}.`);
  }
}
