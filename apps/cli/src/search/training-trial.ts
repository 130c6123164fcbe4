/** The trial of a recipe: trains a candidate for some epochs, and measures it on examples held back from training. Runs in a worker. */

import { rm } from "node:fs/promises";
import type { ImageClassifier } from "@dl/cnn";
import { argmax, type Device, equal, mean, Rng } from "@dl/core";
import { split } from "@dl/data";
import { type Measurements, networkCost, TrialFailed, type TrialTask } from "@dl/nas";
import type { TrialFactory } from "@dl/nas/node";
import { crossEntropy, inference, type Mode } from "@dl/nn";
import { evaluate, fit, NanStop } from "@dl/train";
import { Checkpoints, RunFolder } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { EpochClock } from "../epoch-clock.ts";
import { presetNamed, recipeNamed } from "../recipes/index.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { searchOf } from "../recipes/search.ts";
import { isTask } from "../recipes/task-recipe.ts";
import { augmentationOf, loadTrainingData, makeModel, normalization, prepareModel } from "../session.ts";
import { takeOver } from "../take-over.ts";
import { tryTask } from "./task-trial.ts";
import { runSettings, type TrainingTrialInput, wholeEpochs } from "./trial-input.ts";
import { checkpointFrom, stateFolder } from "./trial-state.ts";

type Task = TrialTask<unknown>;

export const trial: TrialFactory = async (input) => {
  const settings = input as TrainingTrialInput;
  const device = await openNamedDevice(settings);
  const recipe = recipeNamed(settings.recipe);
  if (isTask(recipe)) return (task: Task) => tryTask(recipe, task, { settings, device });
  const data = await loadHeldBack(recipe, settings);
  return (task: Task) => tryImages(recipe, task, { settings, device, data });
};

type HeldBack = Awaited<ReturnType<typeof loadTrainingData>>;

/** A fifth of the training examples judges; the test set is never looked at. */
async function loadHeldBack(recipe: Recipe, settings: TrainingTrialInput): Promise<HeldBack> {
  const preset = { ...presetNamed(recipe, settings.preset), validationShare: 0 };
  const run = { recipe, preset, settings: runSettings(settings, preset) };
  const { train: all } = await loadTrainingData(run, { signal: new AbortController().signal });
  const parts = { train: 0.8, validation: 0.2 };
  return split(all, { fractions: parts, rng: new Rng(settings.seed).fork("search split"), stratify: "labels" });
}

async function tryImages(
  recipe: Recipe,
  task: Task,
  { settings, device, data }: { settings: TrainingTrialInput; device: Device; data: HeldBack },
): Promise<Measurements> {
  const { value, number, budget, signal, report } = task;
  const chosen = presetNamed(recipe, settings.preset);
  const preset = searchOf(recipe, chosen).tried(chosen, value);
  const run = { recipe, preset, settings: runSettings(settings, preset) };
  const { batchSize } = run.settings;
  using model = makeModel(run);
  // As long as the longest trial, so that one that goes on from another finds its schedule where it left it.
  const stepsPerEpoch = Math.ceil(data.train.length / batchSize);
  using optimizer = preset.optimizer(model, { ...run.settings, steps: settings.epochs * stepsPerEpoch });
  const checkpoint = await checkpointFrom(task, settings);
  const resume = checkpoint === undefined ? undefined : await takeOver(checkpoint, { model, optimizer, batchSize, stepsPerEpoch });
  if (!resume) prepareModel(run, model, data.train);
  const forward = (batch: { images: Parameters<ImageClassifier["forward"]>[0]; labels: typeof batch.images }, mode: Mode) => {
    const logits = model.forward(batch.images, mode); // [B, classes]
    const labelSmoothing = mode.training ? preset.labelSmoothing : 0;
    const accuracy = mean(equal(argmax(logits, -1), batch.labels).cast("float32"));
    return { loss: crossEntropy(logits, batch.labels, { labelSmoothing }), accuracy };
  };
  const transform = normalization(preset);
  const judge = () =>
    evaluate({ device, dataset: data.validation!, transform, signal, step: (batch) => forward(batch, inference) }) as Promise<{
      loss: number;
      accuracy: number;
    }>;
  const clock = new EpochClock();
  let last: { loss: number; accuracy: number } | undefined;
  await using folder = budget === undefined ? undefined : await folderOf(settings.folder, number);
  const { reason } = await fit({
    ...{ device, model, optimizer, dataset: data.train, batchSize, signal },
    epochs: wholeEpochs(budget ?? settings.epochs),
    rng: new Rng(settings.seed).fork("fit"),
    transform: [...augmentationOf(run, () => clock.epoch), transform],
    step: forward,
    validate: async () => {
      last = await judge();
      return last;
    },
    callbacks: [
      clock,
      new NanStop(),
      ...(folder ? [new Checkpoints({ folder, everySeconds: Number.POSITIVE_INFINITY })] : []),
      // Counted from 1.
      { name: "trial-report", onEpoch: (_run, { epoch }) => report(epoch + 1, last!.accuracy) },
    ],
    ...(resume && { resume }),
  });
  signal.throwIfAborted();
  const measured = last ?? (await judge());
  // A loss that was no number on the way ended the training before its time.
  if (reason !== "finished" || !Number.isFinite(measured.loss))
    throw new TrialFailed(`trial ${number}: expected a loss that is a number to the end, got ${measured.loss} (${reason}).`);
  const costs = await costsOf(model, recipe, settings);
  return { accuracy: measured.accuracy, loss: measured.loss, ...costs };
}

async function costsOf(model: ImageClassifier, { data }: Recipe, settings: TrainingTrialInput): Promise<Measurements> {
  if (settings.costs.length === 0) return { parameters: model.parameterCount };
  // A device of its own: its peak is this network's.
  await using device = await openNamedDevice(settings);
  const cost = await networkCost(model, { device, inputShape: [1, ...data.imageShape] });
  return Object.fromEntries(settings.costs.map((name) => [name, cost[name as keyof typeof cost]]));
}

async function folderOf(folder: string | null, number: number): Promise<RunFolder | undefined> {
  if (folder === null) return undefined;
  const path = stateFolder(folder, number);
  await rm(path, { recursive: true, force: true });
  return RunFolder.open(path);
}
