/** What recipes of any form share: a fit in a run folder, with checkpoints, logs, and the way back into them. */

import { rm } from "node:fs/promises";
import { Rng } from "@dl/core";
import type { Example } from "@dl/data";
import type { ClassificationReport } from "@dl/metrics";
import {
  type Callback,
  type FitOptions,
  type FitResult,
  type FitSave,
  fit,
  type LineChart,
  NanStop,
  renderRunReport,
  ShowProgress,
} from "@dl/train";
import { Checkpoints, CsvLog, checkpointName, type RunFolder, resumeFrom, stderrTerminal, TensorBoardLog } from "@dl/train/node";
import type { TaskResult, TaskRun } from "./recipes/task-recipe.ts";
import { commandLine } from "./run.ts";
import { fileExists } from "./run-files.ts";
import { Stopwatch } from "./stopwatch.ts";
import { takeOver } from "./take-over.ts";

/** What the recipe says of its training; the rest follows from the run. */
export interface FitInFolderOptions<E extends Example>
  extends Pick<
      FitOptions<E>,
      | "device"
      | "model"
      | "optimizer"
      | "dataset"
      | "step"
      | "transform"
      | "order"
      | "collate"
      | "clipNorm"
      | "accumulate"
      | "average"
      | "callbacks"
    >,
    Required<Pick<FitOptions<E>, "signal">> {
  folder: RunFolder;
  resume: boolean;
  /** The checkpoint may be of a run with other batches. Default false. */
  takesOver?: boolean;
  /** What an example is, for progress: `windows`. */
  unit: string;
  /** What it gives is logged under `validation/…`. Default none. */
  validate?: FitOptions<E>["validate"];
}

/** What a run in a folder brings to any loop with `fit`'s callbacks. */
export interface FolderRun {
  readonly callbacks: readonly Callback[];
  /** Of the folder's checkpoint, which model and optimizer hold already; undefined for a run that begins. */
  readonly saved: FitSave | undefined;
  readonly stopwatch: Stopwatch;
}

/** Makes a run ready to begin anew, or to go on from the folder's checkpoint. */
export async function folderRun({
  folder,
  resume,
  unit,
  read = resumeFrom,
  ...learner
}: Pick<FitInFolderOptions<Example>, "folder" | "resume" | "unit" | "model" | "optimizer"> & {
  /** Puts model and optimizer where the checkpoint has them. */
  read?: typeof resumeFrom;
}): Promise<FolderRun> {
  const stopwatch = new Stopwatch();
  const checkpoint = folder.file(checkpointName);
  const saved = resume && (await fileExists(checkpoint)) ? await read(checkpoint, learner) : undefined;
  if (saved) console.error(`going on after step ${saved.state.step}`);
  else if (resume) {
    // Stopped before its first checkpoint: to begin anew gives the same bits.
    console.error("no checkpoint yet: beginning anew");
    for (const name of ["metrics.csv", "tensorboard"]) await rm(folder.file(name), { recursive: true, force: true });
  }
  const callbacks = [
    stopwatch,
    new ShowProgress({ terminal: stderrTerminal(), unit }),
    new NanStop(),
    new CsvLog(folder.file("metrics.csv")),
    new TensorBoardLog({ folder: folder.file("tensorboard") }),
    new Checkpoints({ folder }),
  ];
  return { callbacks, saved, stopwatch };
}

/** `fit`, begun anew or from the folder's checkpoint. */
export async function fitInFolder<E extends Example>(
  { settings }: TaskRun,
  { folder, resume, takesOver = false, unit, validate, callbacks = [], transform = [], ...options }: FitInFolderOptions<E>,
): Promise<FitResult & { readonly seconds: number }> {
  const { model, optimizer, dataset } = options;
  const { batchSize } = settings;
  const stepsPerEpoch = Math.ceil(dataset.length / batchSize);
  const read: typeof resumeFrom = (path, learner) => takeOver(path, { ...learner, batchSize, stepsPerEpoch });
  const run = await folderRun({ folder, resume, unit, model, optimizer, ...(takesOver && { read }) });
  const result = await fit({
    ...options,
    batchSize,
    epochs: settings.epochs,
    rng: new Rng(settings.seed).fork("fit"),
    transform,
    ...(validate && { validate }),
    callbacks: [...run.callbacks, ...callbacks],
    ...(run.saved && { resume: run.saved }),
  });
  return { ...result, reason: endOf(result), seconds: run.stopwatch.seconds };
}

/** Why training ended, as it was told before its measuring was cut short: `fit` has nothing to do then. */
export function endOf({ reason }: FitResult): string {
  return reason.startsWith("nothing to do") ? "finished" : reason;
}

export interface TaskReportOptions {
  folder: RunFolder;
  device: string;
  charted: readonly string[];
  /** By class. Default none. */
  classification?: ClassificationReport;
}

/** Writes `report.html`: settings, outcome, and a chart of each of `metrics` over the epochs. */
export async function writeTaskReport(
  run: TaskRun,
  { history, steps, reason, metrics }: TaskResult,
  { folder, device, charted, classification }: TaskReportOptions,
): Promise<void> {
  const { recipe, preset, settings } = run;
  const chart = (metric: string): LineChart => ({
    title: metric,
    xLabel: "epoch",
    series: [
      { name: "training", key: metric },
      { name: "validation", key: `validation/${metric}` },
    ]
      .map(({ name, key }) => ({ name, points: history.map(({ epoch, metrics }) => ({ x: epoch + 1, y: metrics[key] ?? Number.NaN })) }))
      .filter(({ points }) => points.some(({ y }) => Number.isFinite(y))),
  });
  const report = renderRunReport({
    title: recipe.title,
    subtitle: preset.summary,
    summary: [
      { name: "recipe", value: `${recipe.name}, preset ${preset.name}` },
      { name: "command", value: commandLine(run) },
      { name: "device", value: device },
      { name: "seed", value: String(settings.seed) },
      { name: "epochs", value: `${history.length} of ${settings.epochs} (${reason})` },
      { name: "steps", value: String(steps) },
      { name: "Node.js", value: process.version },
      { name: "platform", value: `${process.platform} ${process.arch}` },
    ],
    charts: charted.map(chart),
    highlights: Object.entries(metrics ?? {}).map(([name, value]) => ({ name, value: value.toFixed(4) })),
    ...(classification && { classification }),
  });
  await folder.write("report.html", report);
}
