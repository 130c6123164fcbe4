/** The files a run has written, by what they are. */

import { access } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { checkpointName, type RunFolder } from "@dl/train/node";
import { modelName, runFileName } from "./run.ts";

export async function runFiles(folder: RunFolder): Promise<Record<string, string>> {
  const known = {
    model: modelName,
    agent: "agent.safetensors",
    checkpoint: checkpointName,
    metrics: "metrics.csv",
    tensorboard: "tensorboard",
    report: "report.html",
    film: "episode.apng",
    run: runFileName,
  };
  const found: Record<string, string> = { folder: folder.path };
  for (const [kind, name] of Object.entries(known)) {
    const path = folder.file(name);
    if (await fileExists(path)) found[kind] = path;
  }
  return found;
}

export function fileExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The trained model of a run. Throws a DataError that says what to do when there is none yet. */
export async function modelFile(folder: string): Promise<string> {
  const path = join(folder, modelName);
  if (await fileExists(path)) return path;
  throw new DataError(`${path}: expected a trained model, got none: the run has not ended. Go on with: pnpm dl resume ${folder}`);
}
