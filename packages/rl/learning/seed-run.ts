/** One seed of one task: trained, then measured on episodes of its own. */

import { type Device, Rng } from "@dl/core";
import { evaluatePolicy } from "../src/evaluate.ts";
import { type LearnLog, learn } from "../src/learn.ts";
import { prepare, type Task } from "../src/tasks/task.ts";

export interface SeedResult {
  readonly task: string;
  readonly seed: number;
  readonly steps: number;
  readonly episodes: number;
  readonly mean: number;
  readonly std: number;
  /** Of training, those before an interruption included. */
  readonly seconds: number;
  /** Of processor time. */
  readonly cpuSeconds: number;
  /** Steps, and the mean return of the last training episodes there. */
  readonly curve: readonly (readonly [number, number])[];
}

export interface SeedOptions {
  device: Device;
  seed: number;
  steps: number;
  resume?: Uint8Array | undefined;
  onCheckpoint?: (bytes: Uint8Array) => void;
  onLog?: (line: string) => void;
}

export async function trainSeed(task: Task, { device, seed, steps, resume, onCheckpoint, onLog }: SeedOptions): Promise<SeedResult> {
  const { episodes = 100 } = task;
  const rng = new Rng(seed);
  const { algorithm, evaluation } = prepare(task, { device, rng: rng.fork("agent"), steps });
  using agent = algorithm;
  if (resume) agent.restore(resume);
  const begun = process.cpuUsage();
  const curve: [number, number][] = [];
  let shown = 0;
  let saved = performance.now();
  const { seconds } = await learn(agent, {
    steps,
    async onLog(log: LearnLog) {
      if (log.steps - shown < steps / 40) return;
      shown = log.steps;
      if (log.return_mean !== undefined) curve.push([log.steps, log.return_mean]);
      onLog?.(`${log.steps} steps, return ${log.return_mean?.toFixed(1) ?? "?"}, ${log.steps_per_second?.toFixed(0)} steps/s`);
      if (onCheckpoint && performance.now() - saved > 120_000) {
        onCheckpoint(await agent.save());
        saved = performance.now();
      }
    },
  });
  const used = process.cpuUsage(begun);
  const { mean, std } = await evaluatePolicy(agent, { environments: evaluation(10), rng: rng.fork("evaluation"), episodes });
  return { task: task.name, seed, steps: agent.steps, episodes, mean, std, seconds, cpuSeconds: (used.user + used.system) / 1e6, curve };
}
