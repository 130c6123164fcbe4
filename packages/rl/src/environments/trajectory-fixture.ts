/** Trajectories that Gymnasium went through, replayed here. */

import { readFileSync } from "node:fs";
import { Rng } from "@dl/core";
import { environmentOf, type System } from "../system.ts";

export interface Trajectory<Action = number> {
  readonly state0: readonly number[];
  readonly actions: readonly Action[];
  readonly observations: readonly (readonly number[])[];
  readonly states: readonly (readonly number[])[];
  readonly rewards: readonly number[];
  readonly terminated: readonly boolean[];
  readonly truncated: readonly boolean[];
}

export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url), "utf8")) as T;
}

export interface Deviation {
  readonly steps: number;
  readonly state: number;
  readonly reward: number;
  /** Beyond 1e-5 · |expected|. */
  readonly observation: number;
  readonly flags: number;
}

/** The largest deviations from the file's trajectories, and how many steps there were. */
export function replay<Action>(system: System<Float32Array, Action>, action: (number: number) => Action): Deviation {
  const worst = { steps: 0, state: 0, reward: 0, observation: 0, flags: 0 };
  for (const run of readFixture<Trajectory[]>(system.name)) {
    const world = environmentOf(system);
    world.reset(new Rng(0), { state: run.state0 });
    for (const [t, number] of run.actions.entries()) {
      const { observation, reward, terminated, truncated } = world.step(action(number));
      worst.steps++;
      for (const [i, value] of run.states[t]!.entries()) worst.state = Math.max(worst.state, Math.abs(world.state[i]! - value));
      for (const [i, value] of run.observations[t]!.entries()) {
        worst.observation = Math.max(worst.observation, Math.abs(observation[i]! - value) - 1e-5 * Math.abs(value));
      }
      worst.reward = Math.max(worst.reward, Math.abs(reward - run.rewards[t]!));
      if (terminated !== run.terminated[t] || truncated !== run.truncated[t]) worst.flags++;
    }
  }
  return worst;
}
