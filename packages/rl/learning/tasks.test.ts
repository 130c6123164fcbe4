import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { expect, test } from "vitest";
import { box2dTasks } from "../src/box2d/tasks.ts";
import { tasks as plainTasks } from "../src/tasks/index.ts";
import { recordSeeds } from "./record.ts";
import { type SeedResult, trainSeed } from "./seed-run.ts";

/** `DL_SEEDS=1 pnpm test:learning rl` is quicker, and says so in the row. */
const seeds = Array.from({ length: Number(process.env.DL_SEEDS ?? 5) }, (_, i) => i + 1);

// The walker and the robots would take days: `train.ts` trains them by name.
test.each([...plainTasks, ...box2dTasks.filter(({ steps }) => steps <= 1e6)].map((task) => [task.name, task] as const))(
  "%s reaches its goal, on the mean of the seeds",
  async (name, task) => {
    const results: (SeedResult & { device: string; node: string })[] = [];
    for (const seed of seeds) {
      await using device = await openDevice(wasm({ threads: 1 }));
      const result = await trainSeed(task, { device, seed, steps: task.steps });
      results.push({ ...result, device: device.name, node: process.version });
    }
    await recordSeeds(name, results);
    expect(results.reduce((sum, { mean }) => sum + mean, 0) / results.length).toBeGreaterThanOrEqual(task.goal);
  },
);
