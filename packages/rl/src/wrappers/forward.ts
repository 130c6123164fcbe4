/** What a wrapper passes on as it is. */

import type { Environment } from "../environment.ts";

/** @internal Everything of `environment`, optional parts only if it has them; a wrapper replaces what it changes. */
export function forward<O, A>(environment: Environment<O, A>): Environment<O, A> {
  const { name, observationSpace, actionSpace, rewardRange } = environment;
  return {
    name,
    observationSpace,
    actionSpace,
    ...(rewardRange && { rewardRange }),
    reset: (rng, options) => environment.reset(rng, options),
    step: (action) => environment.step(action),
    ...(environment.actionMask && { actionMask: () => environment.actionMask!() }),
    ...(environment.draw && { draw: () => environment.draw!() }),
    ...(environment.close && { close: () => environment.close!() }),
  };
}
