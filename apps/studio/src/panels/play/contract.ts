/** What the page and the worker say to each other about an agent that learns. */

import type { Drawing } from "@dl/rl";
import type { JobContract } from "../../engine/protocol.ts";

/** Names of `@dl/rl`'s tasks: the environment, the algorithm and their settings. */
export type TaskName = "ppo-cartpole" | "dqn-cartpole" | "a2c-cartpole" | "sac-pendulum" | "ppo-pendulum" | "ppo-acrobot";

export interface PlaySettings {
  readonly task: TaskName;
  /** Environment steps. */
  readonly steps: number;
  readonly seed: number;
}

/** Cells of a heat map along each side. */
export const mapSize = 40;

export type PlayEvent =
  | {
      readonly kind: "log";
      readonly steps: number;
      readonly total: number;
      readonly goal: number;
      /** Of the last 100 episodes; NaN before the first has ended. */
      readonly meanReturn: number;
      readonly episodes: number;
      readonly stepsPerSecond: number;
      /** What else the round told, by the names of `logMeanings`. */
      readonly row: Readonly<Record<string, number>>;
    }
  | { readonly kind: "episode"; readonly frames: readonly Drawing[]; readonly sum: number; readonly steps: number }
  | {
      readonly kind: "maps";
      /** What the agent does in each state, and what it expects of it: `mapSize²`, rows from the top. */
      readonly policy: Float32Array;
      readonly value: Float32Array;
    };

export interface PlayContract extends JobContract {
  readonly settings: PlaySettings;
  readonly payload: undefined;
  readonly event: PlayEvent;
  readonly asks: {
    /** One episode with the best actions, as it stands now. */
    readonly episode: { readonly question: { readonly seed: number }; readonly answer: { readonly sum: number; readonly steps: number } };
  };
}
