/** V-trace: values of one policy from another's steps. Espeholt et al. 2018, "IMPALA", arXiv:1802.01561, section 4.1. */

import { type Rollout, stepsOf } from "./returns.ts";

export interface VtraceOptions {
  /** `[T, N]`: log-probabilities of the actions by the policy that learns. */
  target: ArrayLike<number>;
  /** `[T, N]`: by the policy that acted. */
  behaviour: ArrayLike<number>;
  /** `[T, N]`: of the states the steps started from. */
  values: ArrayLike<number>;
  /** `[T, N]`: of the states the steps led to, 0 where the task terminated. */
  nextValues: ArrayLike<number>;
  /** ρ̄: largest weight of a temporal difference. Default 1. */
  rhoBar?: number;
  /** c̄: largest weight in the trace. Default 1. */
  cBar?: number;
}

/** v_s, targets for the values; and the advantages of the policy gradient, ρ included. Both `[T, N]`. */
export function vtrace(
  rollout: Rollout,
  { target, behaviour, values, nextValues, rhoBar = 1, cBar = 1 }: VtraceOptions,
): { targets: Float64Array; advantages: Float64Array } {
  const { count, rewards, done, discount } = rollout;
  const steps = stepsOf("vtrace", rollout);
  const targets = new Float64Array(steps * count);
  const advantages = new Float64Array(steps * count);
  for (let n = 0; n < count; n++) {
    // v_{s+1} − V(x_{s+1}), and v_{s+1} itself where the rollout ends.
    let excess = 0;
    for (let t = steps - 1; t >= 0; t--) {
      const i = t * count + n;
      const ratio = Math.exp(target[i]! - behaviour[i]!);
      const rho = Math.min(rhoBar, ratio);
      const after = done[i] ? 0 : excess;
      advantages[i] = rho * (rewards[i]! + discount * (nextValues[i]! + after) - values[i]!);
      excess = rho * (rewards[i]! + discount * nextValues[i]! - values[i]!) + discount * Math.min(cBar, ratio) * after;
      targets[i] = values[i]! + excess;
    }
  }
  return { targets, advantages };
}
