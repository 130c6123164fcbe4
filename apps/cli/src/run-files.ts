/** The files a run has written, by what they are. */

import { access } from "node:fs/promises";
import { checkpointName, type RunFolder } from "@dl/train/node";
import { modelName } from "./run-file.ts";

export async function runFiles(folder: RunFolder): Promise<Record<string, string>> {
  const known = { model: modelName, checkpoint: checkpointName, metrics: "metrics.csv", tensorboard: "tensorboard", report: "report.html" };
  const found: Record<string, string> = { folder: folder.path };
  for (const [kind, name] of Object.entries(known)) {
    const path = folder.file(name);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) found[kind] = path;
  }
  return found;
}
