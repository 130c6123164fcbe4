/** Cuts episodes short, and says so. Pardo et al. 2018, arXiv:1712.00378. */

import { OptionError } from "@dl/core";
import type { Environment } from "../environment.ts";
import { forward } from "./forward.ts";

/**
 * Truncates after so many steps.
 *
 * @example
 * const walk = timeLimit(environmentOf(cliffWalking()), { steps: 100 });
 */
export function timeLimit<O, A>(environment: Environment<O, A>, { steps }: { steps: number }): Environment<O, A> {
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`timeLimit: expected a whole number of steps ≥ 1, got ${steps}.`);
  let done = 0;
  return {
    ...forward(environment),
    reset(rng, options) {
      done = 0;
      return environment.reset(rng, options);
    },
    step(action) {
      const step = environment.step(action);
      return ++done >= steps ? { ...step, truncated: true } : step;
    },
  };
}
