/**
 * Trains a task with several seeds, resumably, and writes what came of each into a folder:
 * `node --conditions=@dl/source --import tsx packages/rl/learning/train.ts <task> --out FOLDER [--seeds 5] [--steps N]`.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { box2dTasks } from "../src/box2d/tasks.ts";
import { mujocoTasks } from "../src/mujoco/tasks.ts";
import { tasks as plainTasks } from "../src/tasks/index.ts";
import { trainSeed } from "./seed-run.ts";

const tasks = [...plainTasks, ...box2dTasks, ...mujocoTasks];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string" },
    seeds: { type: "string" },
    first: { type: "string" },
    steps: { type: "string" },
    threads: { type: "string" },
  },
});
const task = tasks.find(({ name }) => name === positionals[0]);
if (!task || values.out === undefined) {
  console.error(
    `usage: train.ts <task> --out FOLDER [--seeds 5] [--first 1] [--steps N] [--threads 1]\ntasks: ${tasks.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
await task.load?.();
mkdirSync(values.out, { recursive: true });
const first = Number(values.first ?? 1);
for (let seed = first; seed < first + Number(values.seeds ?? 5); seed++) {
  const file = join(values.out, `${task.name}-${seed}.json`);
  if (existsSync(file)) continue;
  await using device = await openDevice(wasm({ threads: Number(values.threads ?? 1) }));
  const checkpoint = join(values.out, `${task.name}-${seed}.safetensors`);
  const result = await trainSeed(task, {
    device,
    seed,
    steps: Number(values.steps ?? task.steps),
    resume: existsSync(checkpoint) ? readFileSync(checkpoint) : undefined,
    onCheckpoint: (bytes) => {
      writeFileSync(`${checkpoint}.tmp`, bytes);
      renameSync(`${checkpoint}.tmp`, checkpoint);
    },
    onLog: (line) => console.log(`${task.name} seed ${seed}: ${line}`),
  });
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ ...result, device: device.name, node: process.version }, null, 1)}\n`);
  renameSync(`${file}.tmp`, file);
  console.log(
    `${task.name} seed ${seed}: ${result.mean.toFixed(2)} ± ${result.std.toFixed(2)} over ${result.episodes} episodes, ${result.steps} steps in ${result.seconds.toFixed(0)} s`,
  );
}
