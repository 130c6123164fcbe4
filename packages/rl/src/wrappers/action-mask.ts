/** Says which actions make sense. Huang and Ontañón 2022, arXiv:2006.14171. */

import type { Environment } from "../environment.ts";
import { EnvironmentError } from "../errors.ts";
import { Discrete } from "../spaces/discrete.ts";
import { forward } from "./forward.ts";

export interface ActionMaskOptions<O> {
  /** For each action, whether it makes sense after `observation`. */
  mask: (observation: O) => ArrayLike<number>;
}

/** Gives an environment a mask that depends on what was observed last; algorithms then choose among the rest. A masked action is refused. */
export function actionMask<O>(environment: Environment<O, number>, { mask }: ActionMaskOptions<O>): Environment<O, number> {
  const { name, actionSpace } = environment;
  let current = new Uint8Array(0);
  const see = (observation: O, { ended }: { ended: boolean }): void => {
    current = Uint8Array.from(mask(observation), (allowed) => (allowed ? 1 : 0));
    const choices = actionSpace instanceof Discrete ? actionSpace.choices : Number.NaN;
    // Where the task ended nobody acts, and a full board leaves nothing to do.
    if (current.length !== choices || !(ended || current.includes(1))) {
      throw new EnvironmentError(
        `${name}: actionMask: expected a mask for ${actionSpace} that leaves an action, got [${current.join(", ")}].`,
      );
    }
  };
  return {
    ...forward(environment),
    reset(rng, options) {
      const start = environment.reset(rng, options);
      see(start.observation, { ended: false });
      return start;
    },
    step(action) {
      if (current[action] !== 1)
        throw new EnvironmentError(`${name}: step: expected an action the mask [${current.join(", ")}] allows, got ${action}.`);
      const step = environment.step(action);
      see(step.observation, { ended: step.terminated });
      return step;
    },
    actionMask: () => current.slice(),
  };
}
