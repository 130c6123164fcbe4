/** Observations and rewards scaled by what was seen so far. Engstrom et al. 2020, arXiv:2005.12729, on why it matters. */

import type { Environment } from "../environment.ts";
import { Box } from "../spaces/box.ts";
import { forward } from "./forward.ts";
import { RunningStatistics } from "./running-statistics.ts";

export interface NormalizeObservationOptions {
  /** Shared between copies, and with evaluation. Default its own. */
  statistics?: RunningStatistics;
  /** Whether it learns: not while evaluating. Default true. */
  update?: boolean;
  /** Largest deviation handed on, in standard deviations. Default 10. */
  clip?: number;
}

/** Observations less their mean, over their standard deviation. */
export function normalizeObservation<A>(
  environment: Environment<Float32Array, A>,
  { statistics = new RunningStatistics(environment.observationSpace.size), update = true, clip = 10 }: NormalizeObservationOptions = {},
): Environment<Float32Array, A> {
  const scaled = (observation: Float32Array): Float32Array => {
    if (update) statistics.update(observation);
    return scaleRows(observation, { statistics, clip });
  };
  const space = environment.observationSpace;
  const shape = space instanceof Box ? space.shape : [space.size];
  return {
    ...forward(environment),
    observationSpace: new Box({ shape, low: -clip, high: clip }),
    reset(rng, options) {
      const { observation, info } = environment.reset(rng, options);
      return { observation: scaled(observation), info };
    },
    step(action) {
      const step = environment.step(action);
      return { ...step, observation: scaled(step.observation) };
    },
  };
}

/** @internal Rows of `statistics.size`, normalised. */
export function scaleRows(rows: Float32Array, { statistics, clip }: { statistics: RunningStatistics; clip: number }): Float32Array {
  const { size, mean, variance } = statistics;
  const out = new Float32Array(rows.length);
  for (let i = 0; i < size; i++) {
    const scale = 1 / Math.sqrt(variance[i]! + 1e-8);
    for (let at = i; at < rows.length; at += size) out[at] = Math.min(Math.max((rows[at]! - mean[i]!) * scale, -clip), clip);
  }
  return out;
}

export interface NormalizeRewardOptions {
  /** The agent's discount. */
  discount: number;
  /** Shared between copies. Default its own. */
  statistics?: RunningStatistics;
  /** Default 10. */
  clip?: number;
}

/** Rewards over the standard deviation of the discounted return; their sign and zero stay. */
export function normalizeReward<O, A>(
  environment: Environment<O, A>,
  { discount, statistics = new RunningStatistics(1), clip = 10 }: NormalizeRewardOptions,
): Environment<O, A> {
  let sum = 0;
  const { rewardRange: _, ...rest } = forward(environment);
  return {
    ...rest,
    reset(rng, options) {
      sum = 0;
      return environment.reset(rng, options);
    },
    step(action) {
      const step = environment.step(action);
      sum = sum * discount + step.reward;
      statistics.update([sum]);
      const reward = Math.min(Math.max(step.reward / Math.sqrt(statistics.variance[0]! + 1e-8), -clip), clip);
      return { ...step, reward };
    },
  };
}
