/** Q-learning in a table, as a check of the simplest kind: what it reaches can be worked out. */

import { Rng } from "@dl/core";
import { learnQTable, type TabularQOptions } from "../src/algorithms/tabular-q.ts";
import { frozenLake } from "../src/environments/frozen-lake.ts";
import { taxi } from "../src/environments/taxi.ts";
import { evaluatePolicy } from "../src/evaluate.ts";
import type { System, TabularSystem } from "../src/system.ts";
import { systemCopies } from "../src/vector/system-copies.ts";
import type { SeedResult } from "./seed-run.ts";

export interface TableTask {
  readonly name: string;
  readonly title: string;
  readonly steps: number;
  readonly goal: number;
  readonly system: () => TabularSystem;
  readonly options: Omit<TabularQOptions, "rng" | "steps">;
}

export const tableTasks: readonly TableTask[] = [
  {
    name: "q-frozen-lake",
    title: "Q-learning on FrozenLake-v1, slippery, 4 × 4 (0.74 is the best there is; 0.70 counts as solved)",
    steps: 1_000_000,
    goal: 0.7,
    system: frozenLake,
    // The ice slips two times out of three: small steps at the end average that out.
    options: { learningRate: (done) => 0.1 * (1 - done) ** 2 + 0.0005, exploration: 1, discount: 0.999 },
  },
  {
    name: "q-taxi",
    title: "Q-learning on Taxi-v4 (7.93 is the best there is, on the mean of all starts)",
    steps: 400_000,
    goal: 7.7,
    system: taxi,
    options: { learningRate: 0.5 },
  },
];

export async function trainTable({ name, system, steps, options }: TableTask, { seed }: { seed: number }): Promise<SeedResult> {
  const rng = new Rng(seed);
  const begun = process.cpuUsage();
  const start = performance.now();
  const table = learnQTable(system(), { ...options, rng: rng.fork("agent"), steps });
  const seconds = (performance.now() - start) / 1000;
  const { user, system: kernel } = process.cpuUsage(begun);
  const episodes = 1000;
  const environments = systemCopies(system() as System, { count: 10 });
  const { mean, std } = await evaluatePolicy(table, { environments, rng: rng.fork("evaluation"), episodes });
  return { task: name, seed, steps, episodes, mean, std, seconds, cpuSeconds: (user + kernel) / 1e6, curve: [] };
}
