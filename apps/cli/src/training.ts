/** Trains a run in its folder, from the start or from the last checkpoint. */

import { rm } from "node:fs/promises";
import { argmax, type Device, DlError, equal, mean, Rng, type Scalar, type Tensor } from "@dl/core";
import { crossEntropy, inference, loadState, type Mode, type Module, type NamedTensors, readState, writeSafetensors } from "@dl/nn";
import { loadFile } from "@dl/nn/node";
import { EarlyStopping, evaluate, type FitResult, fit, NanStop, renderRunReport, ShowProgress } from "@dl/train";
import { Checkpoints, CsvLog, checkpointName, type RunFolder, resumeFrom, stderrTerminal, TensorBoardLog } from "@dl/train/node";
import { useOf } from "./classifier.ts";
import { EpochClock } from "./epoch-clock.ts";
import { type Evaluation, evaluateClassifier } from "./evaluation.ts";
import { reportOf } from "./report.ts";
import { modelName, type RunFile } from "./run.ts";
import { fileExists } from "./run-files.ts";
import { augmentationOf, loadTestData, loadTrainingData, makeModel, normalization, prepareModel } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What is written while a run goes on, besides checkpoints. */
const logNames = ["metrics.csv", "tensorboard"] as const;

export interface TrainingResult extends FitResult {
  /** Of work, those before an interruption included. */
  readonly seconds: number;
  /** Undefined when the run was interrupted. */
  readonly evaluation: Evaluation | undefined;
}

export interface TrainingOptions {
  device: Device;
  folder: RunFolder;
  /** Go on from the last checkpoint, if there is one. */
  resume: boolean;
  signal: AbortSignal;
}

/** Trains, writes `model.safetensors`, measures it on the test set, and writes `report.html`. */
export async function trainRun(run: RunFile, { device, folder, resume, signal }: TrainingOptions): Promise<TrainingResult> {
  const { preset, settings } = run;
  const stopwatch = new Stopwatch();
  const { train, validation } = await loadTrainingData(run, { signal });
  using model = makeModel(run);
  const { dropLast = false } = preset;
  const batchCount = train.length / settings.batchSize;
  const steps = settings.epochs * (dropLast ? Math.max(1, Math.floor(batchCount)) : Math.ceil(batchCount));
  using optimizer = preset.optimizer(model, { ...settings, steps });
  using average = preset.average?.(model, { ...settings, steps });
  const checkpoint = folder.file(checkpointName);
  const saved = resume && (await fileExists(checkpoint)) ? await resumeFrom(checkpoint, { model, optimizer }) : undefined;
  if (saved) console.error(`going on after step ${saved.state.step} of ${steps}`);
  else if (resume) {
    // Stopped before its first checkpoint: to begin anew gives the same bits.
    console.error("no checkpoint yet: beginning anew");
    for (const name of logNames) await rm(folder.file(name), { recursive: true, force: true });
  }

  if (!saved) prepareModel(run, model, train);

  const forward = ({ images, labels }: { images: Tensor; labels: Tensor }, mode: Mode) => {
    const logits = model.forward(images, mode); // [B, C]
    const labelSmoothing = mode.training ? preset.labelSmoothing : 0;
    return { loss: crossEntropy(logits, labels, { labelSmoothing }), accuracy: accuracyOf(logits, labels) };
  };
  const transform = normalization(preset);
  const finished = saved && (await finishedBefore(folder));
  let result: FitResult;
  if (finished) {
    // Only the measuring was cut short, or is asked for again.
    loadState(model, finished.tensors);
    if ("stopwatch" in saved.state.callbacks) stopwatch.restore(saved.state.callbacks.stopwatch);
    result = { history: saved.state.history, steps: saved.state.step, reason: finished.reason };
  } else {
    const clock = new EpochClock();
    result = await fit({
      device,
      model,
      optimizer,
      dataset: train,
      batchSize: settings.batchSize,
      epochs: settings.epochs,
      rng: new Rng(settings.seed).fork("fit"),
      dropLast,
      transform: [...augmentationOf(run, () => clock.epoch), transform],
      step: forward,
      ...(validation && {
        validate: () => evaluate({ device, dataset: validation, transform, signal, step: (batch) => forward(batch, inference) }),
      }),
      ...(average && { average }),
      callbacks: [
        clock,
        stopwatch,
        new ShowProgress({ terminal: stderrTerminal(), unit: "images" }),
        new NanStop(),
        new CsvLog(folder.file("metrics.csv")),
        new TensorBoardLog({ folder: folder.file("tensorboard") }),
        new Checkpoints({ folder }),
        ...(validation ? [new EarlyStopping({ patience: preset.patience })] : []),
      ],
      signal,
      ...(saved && { resume: saved }),
    });
    if (result.reason === "stopped") return { ...result, seconds: stopwatch.seconds, evaluation: undefined };
    await writeModel(model, { folder, metadata: { reason: result.reason } });
  }

  const test = await loadTestData(run, { signal });
  const evaluation = await evaluateClassifier({ ...useOf(run), model }, { device, dataset: test, signal });
  // So that the file says what it is wherever it goes; scores of generated images ask a classifier.
  const measured = { data: run.recipe.data.name, accuracy: String(evaluation.accuracy) };
  await writeModel(model, { folder, metadata: { reason: result.reason, ...measured } });
  const trained = { ...result, seconds: stopwatch.seconds, evaluation };
  await folder.write("report.html", renderRunReport(reportOf(run, trained, { device, test })));
  return trained;
}

/** The model that training ended with, if it has ended, and why it did. */
async function finishedBefore(folder: RunFolder): Promise<{ tensors: NamedTensors; reason: string } | undefined> {
  const path = folder.file(modelName);
  if (!(await fileExists(path))) return undefined;
  const { tensors, metadata } = await loadFile(path);
  return { tensors, reason: metadata.get("reason") ?? "finished" };
}

async function writeModel(
  model: Module,
  { folder, metadata }: { folder: RunFolder; metadata: Readonly<Record<string, string>> & { readonly reason: string } },
): Promise<void> {
  const state = await readState(model);
  for (const [path, { data }] of state) {
    if (data.every(Number.isFinite)) continue;
    throw new DlError(`dl train: expected weights that are numbers, got others in ${path}: ${metadata.reason}.`);
  }
  await folder.write(modelName, writeSafetensors(state, { metadata }));
}

/** The share of rows whose largest logit is the label's. */
function accuracyOf(logits: Tensor, labels: Tensor): Scalar {
  return mean(equal(argmax(logits, -1), labels).cast("float32"));
}
