/** Keeps account of episodes. */

import type { Environment } from "../environment.ts";
import { forward } from "./forward.ts";

/** Puts `episode: { return, length }` into the info of each last step, and hands it to `onEpisode`. */
export function recordStatistics<O, A>(
  environment: Environment<O, A>,
  { onEpisode }: { onEpisode?: (episode: { readonly return: number; readonly length: number }) => void } = {},
): Environment<O, A> {
  let sum = 0;
  let length = 0;
  return {
    ...forward(environment),
    reset(rng, options) {
      sum = 0;
      length = 0;
      return environment.reset(rng, options);
    },
    step(action) {
      const step = environment.step(action);
      sum += step.reward;
      length++;
      if (!step.terminated && !step.truncated) return step;
      const episode = { return: sum, length };
      onEpisode?.(episode);
      return { ...step, info: { ...step.info, episode } };
    },
  };
}
