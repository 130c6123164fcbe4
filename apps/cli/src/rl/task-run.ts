/** A run that trains an agent: what it is, in its `run.json`, and how it is listed. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { tasks as plainTasks, type Task } from "@dl/rl";
import { box2dTasks } from "@dl/rl/box2d";
import { mujocoTasks } from "@dl/rl/mujoco";
import { runFileName } from "../run.ts";

const tasks: readonly Task[] = [...plainTasks, ...box2dTasks, ...mujocoTasks];

export const agentName = "agent.safetensors";
export const checkpointName = "checkpoint.safetensors";

export interface TaskRun {
  readonly task: Task;
  readonly settings: {
    readonly seed: number;
    /** Environment steps. */
    readonly steps: number;
    /** Mean return of evaluation episodes at which training ends; null for never. */
    readonly stopAtReturn: number | null;
    readonly backend: string;
    readonly threads: number | null;
  };
}

const format = "dl-agent-run-1";

export function taskNamed(name: string | undefined): Task | undefined {
  return tasks.find((task) => task.name === name);
}

export function formatTaskRun({ task, settings }: TaskRun): string {
  return `${JSON.stringify({ format, task: task.name, settings }, null, 2)}\n`;
}

/** The run in `folder` if it trains an agent; undefined if it is of another kind, or no run at all. */
export async function readTaskRun(folder: string): Promise<TaskRun | undefined> {
  const path = join(folder, runFileName);
  const text = await readFile(path, "utf8").catch(() => "null");
  const run = parse(text);
  if (run?.format !== format) return undefined;
  const task = taskNamed(run.task);
  const { seed, steps, stopAtReturn = null, backend, threads } = run.settings ?? {};
  const fits = [seed, steps, threads ?? 1].every(Number.isSafeInteger) && Number.isFinite(stopAtReturn ?? 0) && typeof backend === "string";
  if (task === undefined || !fits)
    throw new DataError(`${path}: expected a known task with its settings, got ${String(run.task)}. Was it edited?`);
  return { task, settings: { seed: seed!, steps: steps!, stopAtReturn, backend: backend!, threads: threads ?? null } };
}

interface Saved {
  readonly format?: string;
  readonly task?: string;
  readonly settings?: Partial<TaskRun["settings"]>;
}

function parse(text: string): Saved | undefined {
  try {
    return (JSON.parse(text) ?? undefined) as Saved | undefined;
  } catch {
    return undefined;
  }
}

/** Tasks, for `--help`. */
export function listTasks(): string {
  const width = Math.max(...tasks.map(({ name }) => name.length));
  return tasks
    .map(({ name, title, steps, goal }) => `  ${name.padEnd(width)}  ${title}: a return of ${goal} in ${steps} steps.`)
    .join("\n");
}
