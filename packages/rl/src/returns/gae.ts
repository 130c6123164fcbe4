/** Advantages as sums of temporal differences. Schulman et al. 2016, "High-dimensional continuous control using generalized advantage estimation", arXiv:1506.02438. */

import { OptionError } from "@dl/core";
import { type Rollout, stepsOf } from "./returns.ts";

export interface GaeOptions {
  /** `[T, N]`: values of the states the steps started from. */
  values: ArrayLike<number>;
  /**
   * `[T, N]`: values of the states the steps led to, 0 where the task terminated. Where an episode was truncated it is the value of its
   * last state: to cut off is not to end. Pardo et al. 2018, arXiv:1712.00378.
   */
  nextValues: ArrayLike<number>;
  /** λ: 0 trusts the values, 1 the rewards. */
  lambda: number;
}

/** Advantages, and advantages plus values as targets for the values; both `[T, N]`. */
export function gae(rollout: Rollout, { values, nextValues, lambda }: GaeOptions): { advantages: Float64Array; returns: Float64Array } {
  const { count, rewards, done, discount } = rollout;
  const steps = stepsOf("gae", rollout);
  if (values.length !== rewards.length || nextValues.length !== rewards.length) {
    throw new OptionError(`gae: expected ${rewards.length} values and as many next values, got ${values.length} and ${nextValues.length}.`);
  }
  const advantages = new Float64Array(steps * count);
  const returns = new Float64Array(steps * count);
  for (let n = 0; n < count; n++) {
    let sum = 0;
    for (let i = (steps - 1) * count + n; i >= 0; i -= count) {
      const difference = rewards[i]! + discount * nextValues[i]! - values[i]!;
      sum = difference + (done[i] ? 0 : discount * lambda * sum);
      advantages[i] = sum;
      returns[i] = sum + values[i]!;
    }
  }
  return { advantages, returns };
}
