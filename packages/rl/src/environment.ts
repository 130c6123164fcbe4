/** The environment: what an agent observes, does, and is rewarded for. Gymnasium's semantics: Towers et al. 2024, arXiv:2407.17032. */

import type { Rng } from "@dl/core";
import type { Drawing } from "./drawing/drawing.ts";
import type { Space } from "./spaces/space.ts";

/** What else there is to know about a step: for people and for debugging, never for learning. */
export type Info = Readonly<Record<string, unknown>>;

export interface Reset<Observation> {
  readonly observation: Observation;
  readonly info: Info;
}

export interface Step<Observation> {
  readonly observation: Observation;
  readonly reward: number;
  /** The task ended: nothing comes after, so the value of what follows is 0. */
  readonly terminated: boolean;
  /** The episode was cut short, by a time limit for instance: something would have come after. */
  readonly truncated: boolean;
  readonly info: Info;
}

/** One world. `reset` comes first, and again after a step that terminated or truncated. */
export interface Environment<Observation = unknown, Action = unknown> {
  /** Such as `CartPole-v1`. */
  readonly name: string;
  readonly observationSpace: Space<Observation>;
  readonly actionSpace: Space<Action>;
  /** Least and largest reward of one step. Default unbounded. */
  readonly rewardRange?: readonly [number, number];
  /**
   * A new episode, which draws its chance from `rng` until the next reset. It is one stream from episode to episode: draw from it, since a fork of it
   * is the same in every episode.
   *
   * @param options  What the environment documents, such as `{ state }`.
   */
  reset(rng: Rng, options?: Info): Reset<Observation>;
  step(action: Action): Step<Observation>;
  /** For a discrete action space: 1 for each action that makes sense now. */
  readonly actionMask?: (() => Uint8Array) | undefined;
  /** A picture of the present state. */
  readonly draw?: (() => Drawing) | undefined;
  close?(): void;
}
