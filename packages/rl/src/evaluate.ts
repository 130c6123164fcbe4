/** Measures an agent apart from its training: separate environments, whole episodes, no learning. */

import { OptionError, type Rng, Yielder } from "@dl/core";
import type { ActOptions } from "./algorithms/algorithm.ts";
import type { VectorEnvironment } from "./vector/vector-environment.ts";

/** Anything that acts: an algorithm, or a rule of your own. */
export interface Actor {
  act(observations: Float32Array, options: ActOptions): Promise<Float32Array> | Float32Array;
}

export interface EvaluatePolicyOptions {
  /** Not those it trains in. */
  environments: VectorEnvironment;
  rng: Rng;
  /** Default 10. */
  episodes?: number;
  /** Default true: the best action. */
  deterministic?: boolean;
  signal?: AbortSignal | undefined;
}

export interface PolicyEvaluation {
  readonly mean: number;
  /** Of the episodes, as a sample. */
  readonly std: number;
  readonly returns: readonly number[];
  readonly lengths: readonly number[];
}

/** An episode this long will not end. */
const longest = 100_000;

/**
 * Returns of whole episodes; each copy plays the same number of them, so that short episodes count no more than long ones.
 *
 * @throws OptionError for the environments that the agent trains in, and when no episode ends within 100,000 steps.
 */
export async function evaluatePolicy(
  actor: Actor,
  { environments, rng, episodes = 10, deterministic = true, signal }: EvaluatePolicyOptions,
): Promise<PolicyEvaluation> {
  if (!Number.isInteger(episodes) || episodes < 1)
    throw new OptionError(`evaluatePolicy: expected a whole number of episodes ≥ 1, got ${episodes}.`);
  if ((actor as { readonly environments?: unknown }).environments === environments) {
    // The agent would go on from observations of episodes that are no more.
    throw new OptionError(
      `evaluatePolicy: expected other environments than those the agent trains in, got the same ${environments.count} of ${environments.name}. Make new ones, such as systemCopies(system, { count: 10 }).`,
    );
  }
  const { count } = environments;
  const wanted = Array.from({ length: count }, (_, copy) => Math.floor((episodes + count - 1 - copy) / count));
  const returns: number[] = [];
  const lengths: number[] = [];
  const act = rng.fork("act");
  let starts = new Uint8Array(count).fill(1);
  let observations = await environments.reset(rng.fork("environments"));
  let waited = 0;
  const yielder = new Yielder();
  while (returns.length < episodes) {
    // Awaiting a device that computes here gives the host no turn to hear of a signal.
    await yielder.turn();
    signal?.throwIfAborted();
    if (++waited > longest) {
      throw new OptionError(
        `evaluatePolicy: expected episodes that end, got none in ${longest} steps of ${environments.name}. End them with timeLimit(environment, { steps }).`,
      );
    }
    const masks = environments.actionMasks?.();
    const step = await environments.step(await actor.act(observations, { rng: act, deterministic, masks, starts }));
    observations = step.observations;
    starts = Uint8Array.from(step.terminated, (ended, n) => ended | step.truncated[n]!);
    for (const { copy, return: sum, length } of step.episodes) {
      if (wanted[copy]!-- <= 0) continue;
      waited = 0;
      returns.push(sum);
      lengths.push(length);
    }
  }
  const mean = returns.reduce((sum, value) => sum + value, 0) / episodes;
  const spread = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: episodes > 1 ? Math.sqrt(spread / (episodes - 1)) : 0, returns, lengths };
}
