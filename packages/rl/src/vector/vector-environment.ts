/** Many copies of one environment, stepped together: rows of typed arrays in, rows out. */

import type { HostTensor, Rng } from "@dl/core";
import type { Space } from "../spaces/space.ts";

/** An episode that ended, as it was rewarded by the environment itself, before any normalisation. */
export interface Episode {
  /** Which copy. */
  readonly copy: number;
  /** Sum of its rewards. */
  readonly return: number;
  /** Its steps. */
  readonly length: number;
}

/** What a step of N copies came to. The arrays are the environment's own, and hold until its next step: copy what is kept. */
export interface VectorStep {
  /** `[N, observation size]`: what to act on now. Where an episode ended, the first of the next one. */
  readonly observations: Float32Array;
  /** `[N, observation size]`: what the step led to. Where an episode ended, its last: what a truncated episode is bootstrapped from. */
  readonly nextObservations: Float32Array;
  /** `[N]` */
  readonly rewards: Float64Array;
  /** `[N]`, 1 where the task ended. */
  readonly terminated: Uint8Array;
  /** `[N]`, 1 where the episode was cut short. */
  readonly truncated: Uint8Array;
  /** Those that ended with this step. */
  readonly episodes: readonly Episode[];
  /** `[N, choices]`: what makes sense after `nextObservations`, where the environment has masks; without it, all does where an episode was truncated. */
  readonly nextMasks?: Uint8Array | undefined;
}

/** What a vector environment needs to go on exactly where it was. */
export interface VectorState {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** JSON. */
  readonly json: string;
}

/**
 * N copies. Copy i draws its chance from `rng.fork("environment i")` alone, so the same seed gives the same episodes
 * however the copies are divided among arrays and workers. A copy whose episode ends starts the next one in the same step.
 */
export interface VectorEnvironment {
  readonly name: string;
  /** N. */
  readonly count: number;
  /** Of one copy. */
  readonly observationSpace: Space<unknown>;
  /** Of one copy. */
  readonly actionSpace: Space<unknown>;
  /** Starts every copy, and gives what to act on first, `[N, observation size]`. */
  reset(rng: Rng): Float32Array | Promise<Float32Array>;
  /**
   * @param actions  `[N, action size]`, rows of the action space.
   * @throws EnvironmentError for an action outside the space, and for an environment that broke: NaN, an exception, no answer.
   */
  step(actions: Float32Array): VectorStep | Promise<VectorStep>;
  /** For a discrete action space whose environment knows what makes sense: `[N, choices]`, 1 for allowed. */
  readonly actionMasks?: (() => Uint8Array) | undefined;
  /** Where every copy stands, if that can be told; and what else there is to know, such as statistics. */
  save?(): VectorState;
  /** Whether every copy stands again where it stood; if not, `reset` comes next. */
  restore?(state: VectorState): boolean;
  close?(): void | Promise<void>;
}
