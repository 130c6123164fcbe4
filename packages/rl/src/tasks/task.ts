/** A task: an environment, an algorithm and the settings that were found to work; and how to make it run. */

import type { Device, Rng } from "@dl/core";
import type { Algorithm, AlgorithmOptions } from "../algorithms/algorithm.ts";
import type { Environment } from "../environment.ts";
import { environmentCopies } from "../vector/copies.ts";
import { NormalizedEnvironments, type NormalizedOptions, normalized } from "../vector/normalized.ts";
import type { VectorEnvironment } from "../vector/vector-environment.ts";

export interface Task {
  /** Such as `ppo-cartpole`. */
  readonly name: string;
  readonly title: string;
  /** Copies trained in. */
  readonly copies: number;
  /** Environment steps of the whole training, of all copies. */
  readonly steps: number;
  /** The mean return of evaluation episodes that training is to reach. */
  readonly goal: number;
  /** Episodes that tell what the trained agent is worth: more where returns are mostly chance. Default 100. */
  readonly episodes?: number;
  /** Brings what the worlds are made of, where that takes time; comes before `prepare`. Default nothing. */
  readonly load?: () => Promise<void>;
  /** One copy, to look at. */
  readonly world: () => Environment;
  /** Many, to train in. */
  readonly worlds: (count: number) => VectorEnvironment;
  /** Scale observations, and rewards. Default neither. */
  readonly normalize?: Omit<NormalizedOptions, "frozen">;
  readonly algorithm: (options: AlgorithmOptions) => Algorithm;
}

/** A task made ready. */
export interface PreparedTask {
  readonly algorithm: Algorithm;
  /** Separate copies for evaluation, seen through the training's normalisation, which they do not change. */
  evaluation(count: number): VectorEnvironment;
  /** One copy, which can be drawn, and the vector environment to step it by. */
  watch(): { readonly world: Environment; readonly environments: VectorEnvironment };
}

export interface PrepareOptions {
  device: Device;
  rng: Rng;
  /** Default the task's; schedules stretch over it. */
  steps?: number;
}

/**
 * @example
 * const { algorithm, evaluation } = prepare(ppoCartPole, { device, rng });
 */
export function prepare(task: Task, { device, rng, steps = task.steps }: PrepareOptions): PreparedTask {
  const plain = task.worlds(task.copies);
  const training = task.normalize ? normalized(plain, task.normalize) : plain;
  const algorithm = task.algorithm({ environments: training, device, rng, totalSteps: steps });
  const seen = (environments: VectorEnvironment): VectorEnvironment =>
    training instanceof NormalizedEnvironments && task.normalize?.observations !== false
      ? normalized(environments, { ...(task.normalize?.clip !== undefined && { clip: task.normalize.clip }), frozen: training.statistics })
      : environments;
  return {
    algorithm,
    evaluation: (count) => seen(task.worlds(count)),
    watch() {
      const world = task.world();
      return { world, environments: seen(environmentCopies([world])) };
    },
  };
}
