/** Sums of rewards to come, over rollouts of many copies; on the host, in double precision. */

import { OptionError } from "@dl/core";

/** A rollout of T steps of N copies; arrays are `[T, N]`, row by row of time. */
export interface Rollout {
  /** N. */
  readonly count: number;
  readonly rewards: ArrayLike<number>;
  /** 1 where the episode was over with this step, terminated or truncated: nothing is summed across. */
  readonly done: ArrayLike<number>;
  readonly discount: number;
}

/** T, when the arrays fit together. */
export function stepsOf(where: string, { count, rewards, done }: Pick<Rollout, "count" | "rewards" | "done">): number {
  const steps = rewards.length / count;
  if (!Number.isInteger(steps) || done.length !== rewards.length) {
    throw new OptionError(
      `${where}: expected rewards and done of ${count} copies a step, got ${rewards.length} and ${done.length} numbers.`,
    );
  }
  return steps;
}

/**
 * Discounted sums of rewards until the episode's end: the Monte Carlo returns of REINFORCE.
 *
 * @param options.last  `[N]`: what is worth after the rollout, for episodes that go on. Default 0.
 * @returns `[T, N]`
 */
export function discountedReturns(rollout: Rollout, { last }: { last?: ArrayLike<number> } = {}): Float64Array {
  const { count, rewards, done, discount } = rollout;
  const steps = stepsOf("discountedReturns", rollout);
  const returns = new Float64Array(steps * count);
  for (let n = 0; n < count; n++) {
    let sum = last?.[n] ?? 0;
    for (let t = steps - 1; t >= 0; t--) {
      const i = t * count + n;
      returns[i] = sum = rewards[i]! + (done[i] ? 0 : discount * sum);
    }
  }
  return returns;
}

/**
 * Rewards of the next n steps, then the value. Sutton and Barto, chapter 7.
 *
 * @param options.values  `[T, N]`: of the states the steps started from.
 * @param options.last  `[N]`: of the states after the rollout.
 * @param options.horizon  n.
 * @returns `[T, N]`; a sum that would pass the rollout's end stops there, with `last`.
 */
export function nStepReturns(
  rollout: Rollout,
  { values, last, horizon }: { values: ArrayLike<number>; last: ArrayLike<number>; horizon: number },
): Float64Array {
  const { count, rewards, done, discount } = rollout;
  const steps = stepsOf("nStepReturns", rollout);
  const returns = new Float64Array(steps * count);
  for (let i = 0; i < returns.length; i++) {
    const n = i % count;
    let weight = 1;
    let at = i;
    for (let k = 0; k < horizon && at < returns.length && weight > 0; k++, at += count) {
      returns[i]! += weight * rewards[at]!;
      weight = done[at] ? 0 : weight * discount;
    }
    if (weight > 0) returns[i]! += weight * (at < returns.length ? values[at]! : last[n]!);
  }
  return returns;
}
