/** The end of a run, for people and, with --json, for programs. */

import type { Device } from "@dl/core";
import { formatClassificationReport } from "@dl/metrics";
import { formatDuration, type Metrics } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import type { TaskResult } from "./recipes/task-recipe.ts";
import type { AnyRun } from "./run.ts";
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
  { recipe, preset, settings }: AnyRun,
  result: TrainingResult | TaskResult,
  { device, folder, backend, json, files, exitCode }: OutcomeOptions,
): number {
  const { steps, seconds, reason, history } = result;
  const measured = "metrics" in result ? result.metrics : testMetrics(result);
  if (json) {
    const metrics = { ...history.at(-1)?.metrics, ...measured };
    const { name } = device;
    const { seed } = settings;
    const line = { recipe: recipe.name, preset: preset.name, backend, device: name, seed, steps, seconds, reason, metrics, files };
    console.log(JSON.stringify(line));
  } else if (measured) {
    const after = `after ${formatDuration(seconds)}, ${steps} steps (${reason})`;
    if ("metrics" in result) console.log(`${formatMetrics(measured)} ${after}`);
    else {
      const { report, accuracy } = result.evaluation!;
      console.log(`\n${formatClassificationReport(report, { digits: 4 })}`);
      console.log(`test accuracy ${(100 * accuracy).toFixed(2)} % ${after}`);
    }
    console.log(`run folder: ${folder.path}`);
  }
  if (measured) return 0;
  console.error(`stopped and saved after step ${steps}. Go on with: pnpm dl resume ${folder.path}`);
  return exitCode;
}

function testMetrics({ evaluation }: TrainingResult): Metrics | undefined {
  return evaluation && { "test/loss": evaluation.loss, "test/accuracy": evaluation.accuracy };
}

/** `test loss 1.8712, test accuracy 0.8000` */
export function formatMetrics(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name.replace("/", " ")} ${value.toFixed(4)}`)
    .join(", ");
}
