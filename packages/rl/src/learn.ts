/** The loop around an algorithm: rounds of acting and learning, logs, evaluations, and when to stop. */

import { DlError, OptionError, Yielder } from "@dl/core";
import type { Algorithm } from "./algorithms/algorithm.ts";
import type { Episode } from "./vector/vector-environment.ts";

/** One round, as it is logged; `logMeanings` explains the names. */
export type LearnLog = { readonly steps: number } & Readonly<Record<string, number>>;

/** What every name in a log means. */
export const logMeanings: Readonly<Record<string, string>> = {
  steps: "environment steps so far, of all copies",
  updates: "gradient steps so far",
  episodes: "episodes that ended so far",
  return_mean: "mean return of the last 100 episodes, as the environment rewards them",
  return_max: "the largest of them",
  length_mean: "their mean number of steps",
  steps_per_second: "environment steps a second, learning included, since training began",
  evaluation_mean: "mean return of evaluation episodes, on separate environments, with the best action",
  evaluation_std: "standard deviation of those returns",
  policy_loss: "what the policy is moved by; its sign and size mean little by themselves",
  value_loss: "half the mean squared error of the values",
  q_loss: "mean error of the action values, as their loss measures it",
  q_mean: "mean action value: far above any return that is possible, it has run away",
  entropy: "of the policy in nats: falls as it makes up its mind",
  temperature: "weight of the entropy in SAC's goal",
  approx_kl: "how far the policy moved in a round, in nats: above 0.02 or so is fast",
  clip_fraction: "share of samples whose ratio left the clip range",
  explained_variance: "1: the critic predicts the returns; 0: no better than their mean; below: worse",
  learning_rate: "of the next gradient step",
  clip_range: "how far the ratio may leave 1",
  exploration: "share of random actions, or the noise added to actions",
};

export interface LearnOptions {
  /** Environment steps at which to stop, counted from the algorithm's beginning. Default its `totalSteps`. */
  steps?: number;
  onLog?: (log: LearnLog) => void | Promise<void>;
  /** Called every `evaluateEvery` steps, and at the end. */
  evaluate?: () => Promise<{ readonly mean: number; readonly std: number }>;
  /** Default 10,000. */
  evaluateEvery?: number;
  /** Stops once an evaluation, or without one the mean of the last 100 episodes, reaches this return. Default never. */
  stopAtReturn?: number;
  /** Stops after the round that is running. */
  signal?: AbortSignal | undefined;
}

export interface LearnResult {
  readonly reason: "finished" | "return reached" | "stopped";
  readonly logs: readonly LearnLog[];
  /** Seconds of this call. */
  readonly seconds: number;
}

/**
 * Trains until `steps`.
 *
 * @throws DlError when a loss is no longer a number.
 * @example
 * await learn(agent, { onLog: ({ steps, return_mean }) => console.log(steps, return_mean) });
 */
export async function learn(
  algorithm: Algorithm,
  { steps = algorithm.totalSteps, onLog, evaluate, evaluateEvery = 10_000, stopAtReturn = Infinity, signal }: LearnOptions = {},
): Promise<LearnResult> {
  if (Number.isNaN(steps) || !(evaluateEvery > 0)) {
    throw new OptionError(`learn: expected numbers of steps, and evaluateEvery > 0, got ${steps} and ${evaluateEvery}.`);
  }
  const start = performance.now();
  const from = algorithm.steps;
  const recent: Episode[] = [];
  const logs: LearnLog[] = [];
  let count = 0;
  let evaluated = Math.floor(algorithm.steps / evaluateEvery);
  let reason: LearnResult["reason"] = "finished";
  const yielder = new Yielder();
  while (algorithm.steps < steps) {
    await yielder.turn();
    if (signal?.aborted) {
      reason = "stopped";
      break;
    }
    const row = await algorithm.iterate((episodes) => {
      count += episodes.length;
      recent.push(...episodes);
      if (recent.length > 100) recent.splice(0, recent.length - 100);
    });
    for (const [name, value] of Object.entries(row)) {
      if (name.endsWith("_loss") && Number.isNaN(value)) {
        throw new DlError(
          `${algorithm.name}: expected a ${name} that is a number, got NaN after ${algorithm.steps} steps. Lower the learning rate, or look at the rewards.`,
        );
      }
    }
    const log: Record<string, number> = { ...row, updates: algorithm.updates, episodes: count };
    if (recent.length > 0) {
      log.return_mean = recent.reduce((sum, episode) => sum + episode.return, 0) / recent.length;
      log.return_max = Math.max(...recent.map((episode) => episode.return));
      log.length_mean = recent.reduce((sum, { length }) => sum + length, 0) / recent.length;
    }
    log.steps_per_second = (1000 * (algorithm.steps - from)) / (performance.now() - start);
    const due = Math.floor(algorithm.steps / evaluateEvery);
    if (evaluate && (due > evaluated || algorithm.steps >= steps)) {
      evaluated = due;
      const { mean, std } = await evaluate();
      log.evaluation_mean = mean;
      log.evaluation_std = std;
    }
    const full: LearnLog = { steps: algorithm.steps, ...log };
    logs.push(full);
    await onLog?.(full);
    const reached = evaluate ? log.evaluation_mean : recent.length === 100 ? log.return_mean : undefined;
    if (reached !== undefined && reached >= stopAtReturn) {
      reason = "return reached";
      break;
    }
  }
  return { reason, logs, seconds: (performance.now() - start) / 1000 };
}
