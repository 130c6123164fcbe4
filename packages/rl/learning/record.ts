/** Seeds of a task as a section of docs/results.md. `node … packages/rl/learning/record.ts FOLDER …` writes those of folders that train.ts filled. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { box2dTasks } from "../src/box2d/tasks.ts";
import { mujocoTasks } from "../src/mujoco/tasks.ts";
import { tasks as plainTasks } from "../src/tasks/index.ts";
import type { SeedResult } from "./seed-run.ts";

const tasks = [...plainTasks, ...box2dTasks, ...mujocoTasks];

/** The mean over seeds of the last episodes' return, where each eighth of `steps` was reached; "–" where no episode had ended. */
function curveOf(results: readonly SeedResult[], { steps, digits }: { steps: number; digits: number }): string[] {
  return Array.from({ length: 8 }, (_, i) => {
    const returns = results.flatMap(({ curve }) => {
      const point = curve.findLast(([at]) => at <= ((i + 1) / 8) * steps);
      return point ? [point[1]] : [];
    });
    return returns.length === 0 ? "–" : (returns.reduce((a, b) => a + b, 0) / returns.length).toFixed(digits);
  });
}

/** Writes what the seeds of one task came to. */
export async function recordSeeds(
  name: string,
  results: readonly (SeedResult & { readonly device: string; readonly node: string })[],
): Promise<void> {
  const task = tasks.find((candidate) => candidate.name === name);
  const [first] = results;
  if (!task || !first) throw new Error(`recordSeeds: expected results of a known task, got ${results.length} of ${name}.`);
  const means = results.map(({ mean }) => mean);
  const mean = means.reduce((a, b) => a + b, 0) / means.length;
  const std = Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(means.length - 1, 1));
  const seconds = results.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / results.length;
  const digits = Math.abs(task.goal) < 10 ? 2 : 1;
  const words = [name, "--out FOLDER"];
  // As train.ts has them when nothing is said.
  if (results.length !== 5) words.push(`--seeds ${results.length}`);
  if (first.steps !== task.steps) words.push(`--steps ${first.steps}`);
  const body = [
    `## ${task.title}`,
    "",
    "| mean return ± std of the seeds | worst seed | goal | seeds | steps | evaluation episodes a seed | processor time a seed | Node | device |",
    "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    `| **${mean.toFixed(digits)} ± ${std.toFixed(digits)}** | ${Math.min(...means).toFixed(digits)} | ${task.goal} | ${results.map(({ seed }) => seed).join(", ")} | ${first.steps} | ${first.episodes} | ${Math.round(seconds)} s | ${first.node} | ${first.device} |`,
    "",
    `Training returns after each eighth of the steps, mean of the seeds: ${curveOf(results, { steps: first.steps, digits }).join(", ")}.`,
    "",
    `Command: \`node --conditions=@dl/source --import tsx packages/rl/learning/train.ts ${words.join(" ")}\`. Evaluated on separate environments with the best action. Written by \`packages/rl/learning\`.`,
  ].join("\n");
  await writeSection(resultsFile, { name: `learning/rl-${name}`, body });
}

if (process.argv[1]?.endsWith("record.ts")) {
  const files = process.argv.slice(2).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => join(folder, name)),
  );
  const all = files.map((file) => JSON.parse(readFileSync(file, "utf8")) as SeedResult & { device: string; node: string });
  for (const name of new Set(all.map(({ task }) => task))) {
    const own = all.filter(({ task }) => task === name).sort((a, b) => a.seed - b.seed);
    await recordSeeds(name, own);
    console.log(`${name}: ${own.map(({ mean }) => mean.toFixed(1)).join(", ")}`);
  }
}
