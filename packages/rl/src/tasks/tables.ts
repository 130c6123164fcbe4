/** Games small enough for a table, by Q-learning: what it reaches can be worked out. */

import { TabularQ, type TabularQAgentOptions } from "../algorithms/tabular-agent.ts";
import { blackjack } from "../environments/blackjack.ts";
import { cliffWalking } from "../environments/cliff-walking.ts";
import { frozenLake } from "../environments/frozen-lake.ts";
import { taxi } from "../environments/taxi.ts";
import { environmentOf, type System } from "../system.ts";
import { systemCopies } from "../vector/system-copies.ts";
import type { Task } from "./task.ts";

type Settings = Pick<TabularQAgentOptions, "learningRate" | "discount" | "exploration">;

const inTable = (system: () => System, settings: Settings): Pick<Task, "copies" | "world" | "worlds" | "algorithm"> => ({
  copies: 1,
  world: () => environmentOf(system()),
  worlds: (count) => systemCopies(system(), { count }),
  algorithm: (options) => new TabularQ({ ...options, ...settings }),
});

export const qFrozenLake: Task = {
  // The ice slips two times out of three: small steps at the end average that out.
  ...inTable(() => frozenLake() as System, { learningRate: (done) => 0.1 * (1 - done) ** 2 + 0.0005, exploration: 1, discount: 0.999 }),
  name: "q-frozen-lake",
  title: "Q-learning on FrozenLake-v1, slippery, 4 × 4 (0.74 is the best there is; 0.70 counts as solved)",
  steps: 1_000_000,
  goal: 0.7,
  episodes: 1000,
};

export const qTaxi: Task = {
  ...inTable(() => taxi() as System, { learningRate: 0.5 }),
  name: "q-taxi",
  title: "Q-learning on Taxi-v4 (7.93 is the best there is, on the mean of all starts)",
  steps: 400_000,
  goal: 7.7,
  episodes: 1000,
};

export const qCliffWalking: Task = {
  // An agent that does not know the way yet would walk for ever.
  ...inTable(() => cliffWalking({ maxSteps: 200 }) as System, { learningRate: 0.5, exploration: 0.1 }),
  name: "q-cliff-walking",
  title: "Q-learning on CliffWalking-v1 (−13 is the best there is)",
  steps: 50_000,
  goal: -13,
};

export const qBlackjack: Task = {
  ...inTable(() => blackjack() as System, { learningRate: (done) => 0.02 * (1 - done) + 0.0005, exploration: 1, discount: 1 }),
  name: "q-blackjack",
  title: "Q-learning on Blackjack-v1",
  steps: 1_000_000,
  goal: -0.06,
  episodes: 10_000,
};
