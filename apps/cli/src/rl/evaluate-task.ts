/** Measures a trained agent: the same episodes again that its training ended with. */

import { type Device, Rng } from "@dl/core";
import { type EvaluatePolicyOptions, evaluatePolicy, type PreparedTask } from "@dl/rl";
import { openSavedAgent } from "./saved-agent.ts";
import type { TaskRun } from "./task-run.ts";

export interface EvaluateTaskOptions {
  /** The run's folder. */
  path: string;
  device: Device;
  json: boolean;
  signal: AbortSignal;
}

/** Tells what the agent is worth. */
export async function evaluateTask(run: TaskRun, { path, device, json, signal }: EvaluateTaskOptions): Promise<void> {
  const prepared = await openSavedAgent(run, { path, device });
  using agent = prepared.algorithm;
  const { task, settings } = run;
  const start = performance.now();
  const measured = await measureAgent(run, { prepared, signal });
  const seconds = (performance.now() - start) / 1000;
  const { mean, std } = measured;
  if (json) {
    const names = { task: task.name, seed: settings.seed, steps: agent.steps, device: device.name };
    console.log(JSON.stringify({ ...names, seconds, episodes: measured.returns.length, return: { mean, std }, goal: task.goal }));
  } else console.log(`${describeMeasure(run, measured)}, on ${device.name}`);
}

/** Whole episodes with the best actions, in worlds apart from the training's. */
export function measureAgent(
  { task, settings }: TaskRun,
  { prepared, signal }: { prepared: PreparedTask; signal?: AbortSignal },
): ReturnType<typeof evaluatePolicy> {
  const rng = new Rng(settings.seed).fork("test");
  return evaluateApart(prepared, { copies: 10, rng, episodes: task.episodes ?? 100, signal });
}

/** Evaluates in copies of their own, which are closed then: a robot's memory is not JavaScript's, and nobody else would free it. */
export async function evaluateApart(
  prepared: PreparedTask,
  { copies, ...options }: { copies: number } & Omit<EvaluatePolicyOptions, "environments">,
): ReturnType<typeof evaluatePolicy> {
  const environments = prepared.evaluation(copies);
  try {
    return await evaluatePolicy(prepared.algorithm, { environments, ...options });
  } finally {
    await environments.close?.();
  }
}

/** Such as `mean return of 100 episodes`. */
export function measureName({ task: { episodes = 100 } }: TaskRun): string {
  return `mean return of ${episodes} episodes`;
}

/** Small returns are told to the hundredth. */
export function formatReturn({ task }: TaskRun, { mean, std }: { mean: number; std: number }): string {
  const digits = Math.abs(task.goal) < 10 ? 2 : 1;
  return `${mean.toFixed(digits)} ± ${std.toFixed(digits)}`;
}

export function describeMeasure(run: TaskRun, measured: { mean: number; std: number }): string {
  const verdict = measured.mean >= run.task.goal ? "reached" : "missed";
  return `${measureName(run)}: ${formatReturn(run, measured)}; the goal of ${run.task.goal} was ${verdict}`;
}
