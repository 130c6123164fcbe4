/** The agent of a run's folder, as it was saved last. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, type Device, Rng } from "@dl/core";
import { type PreparedTask, prepare } from "@dl/rl";
import { fileExists } from "../run-files.ts";
import { agentName, checkpointName, type TaskRun } from "./task-run.ts";

/** @throws DataError when the run has saved none yet. */
export async function openSavedAgent(
  { task, settings }: TaskRun,
  { path, device }: { path: string; device: Device },
): Promise<PreparedTask> {
  const [whole, part] = [join(path, agentName), join(path, checkpointName)];
  const file = (await fileExists(whole)) ? whole : part;
  if (!(await fileExists(file))) throw new DataError(`${path}: expected ${agentName} or a checkpoint, got neither. Train for longer.`);
  await task.load?.();
  const prepared = prepare(task, { device, rng: new Rng(settings.seed).fork("agent"), steps: settings.steps });
  prepared.algorithm.restore(await readFile(file), { file });
  return prepared;
}
