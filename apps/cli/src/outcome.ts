/** The end of a run, for people and, with --json, for programs. */

import type { Device } from "@dl/core";
import { formatClassificationReport } from "@dl/metrics";
import { formatDuration } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import type { RunFile } from "./run-file.ts";
import type { TrainingResult } from "./training.ts";

export interface OutcomeOptions {
  device: Device;
  folder: RunFolder;
  backend: string;
  json: boolean;
  /** By what they are. */
  files: Readonly<Record<string, string>>;
  /** Of an interrupted run. */
  exitCode: number;
}

/** Prints the outcome of a training run and gives the exit code. */
export function tellOutcome(
  { recipe, preset, settings }: RunFile,
  { steps, seconds, reason, history, evaluation }: TrainingResult,
  { device, folder, backend, json, files, exitCode }: OutcomeOptions,
): number {
  if (json) {
    const last = history.at(-1)?.metrics ?? {};
    const metrics = evaluation ? { ...last, "test/loss": evaluation.loss, "test/accuracy": evaluation.accuracy } : last;
    const { name } = device;
    const { seed } = settings;
    const line = { recipe: recipe.name, preset: preset.name, backend, device: name, seed, steps, seconds, reason, metrics, files };
    console.log(JSON.stringify(line));
  } else if (evaluation) {
    console.log(`\n${formatClassificationReport(evaluation.report, { digits: 4 })}`);
    console.log(`test accuracy ${(100 * evaluation.accuracy).toFixed(2)} % after ${formatDuration(seconds)}, ${steps} steps (${reason})`);
    console.log(`run folder: ${folder.path}`);
  }
  if (evaluation) return 0;
  console.error(`stopped and saved after step ${steps}. Go on with: pnpm dl resume ${folder.path}`);
  return exitCode;
}
