/** The end of a run, for people and, with --json, for programs. */

import type { Device } from "@dl/core";
import { formatClassificationReport } from "@dl/metrics";
import { formatDuration } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import type { RunFile } from "./run-file.ts";
import type { TrainingResult } from "./training.ts";

/** Prints the outcome of a training run and gives the exit code. */
export function tellOutcome(
  { recipe, settings }: RunFile,
  { steps, seconds, reason, history, evaluation }: TrainingResult,
  {
    device,
    folder,
    backend,
    json,
    files,
  }: { device: Device; folder: RunFolder; backend: string; json: boolean; files: Readonly<Record<string, string>> },
): number {
  const interrupted = evaluation === undefined;
  if (json) {
    const last = history.at(-1)?.metrics ?? {};
    const metrics = evaluation ? { ...last, "test/loss": evaluation.loss, "test/accuracy": evaluation.accuracy } : last;
    console.log(
      JSON.stringify({ recipe: recipe.name, backend, device: device.name, seed: settings.seed, steps, seconds, reason, metrics, files }),
    );
  } else if (evaluation) {
    console.log(`\n${formatClassificationReport(evaluation.report, { digits: 4 })}`);
    console.log(`test accuracy ${(100 * evaluation.accuracy).toFixed(2)} % after ${formatDuration(seconds)}, ${steps} steps (${reason})`);
    console.log(`run folder: ${folder.path}`);
  }
  if (interrupted) console.error(`\nstopped and saved after step ${steps}. Go on with: pnpm dl resume ${folder.path}`);
  return interrupted ? 130 : 0;
}
