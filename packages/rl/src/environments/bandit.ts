/** Multi-armed bandits: one choice, one reward. Sutton and Barto, chapter 2. */

import { OptionError } from "@dl/core";
import { rectangle } from "../drawing/drawing.ts";
import { Discrete } from "../spaces/discrete.ts";
import type { System } from "../system.ts";

export interface BanditOptions {
  /** Each arm's mean reward. Default: ten arms, drawn anew from a normal distribution at every start, as in the book's testbed. */
  means?: readonly number[];
  /** `gaussian`: the mean with noise of standard deviation 1. `bernoulli`: 1 with the mean as probability, else 0. Default `gaussian`. */
  rewards?: "gaussian" | "bernoulli";
  /** Pulls in an episode. Default 1000. */
  pulls?: number;
}

/** Observation: always 0. Action: the arm. Reward: drawn from the arm's distribution. The state holds the arms' means. */
export function bandit({ means, rewards = "gaussian", pulls = 1000 }: BanditOptions = {}): System<number, number> {
  const arms = means?.length ?? 10;
  if (rewards === "bernoulli" && !means?.every((mean) => mean >= 0 && mean <= 1)) {
    throw new OptionError(`bandit: expected means from 0 to 1 for bernoulli rewards, got ${means ? `[${means.join(", ")}]` : "none"}.`);
  }
  return {
    name: "Bandit",
    observationSpace: new Discrete(1),
    actionSpace: new Discrete(arms),
    rewardRange: rewards === "bernoulli" ? [0, 1] : [-Infinity, Infinity],
    stateSize: arms,
    maxSteps: pulls,
    start(state, at, rng) {
      state.set(means ?? rng.normal([arms]).data, at);
    },
    advance(state, at, move) {
      const mean = state[at + move.actions[move.actionAt]!]!;
      move.terminated = false;
      move.reward = rewards === "bernoulli" ? Number(move.rng.float() < mean) : mean + move.rng.normal([1]).data[0]!;
    },
    observe(_state, _at, row, rowAt) {
      row[rowAt] = 0;
    },
    draw(state, at) {
      const bars = Array.from({ length: arms }, (_, i) => {
        const height = 40 * state[at + i]!;
        return rectangle([20 + 40 * i, 150 - Math.max(height, 0)], { width: 30, height: Math.abs(height), fill: "#2060b0" });
      });
      return { width: 40 * arms + 30, height: 300, background: "#ffffff", shapes: bars };
    },
  };
}
