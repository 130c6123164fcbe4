/** The trial of a recipe: trains a candidate for some epochs, and measures it on examples held back from training. Runs in a worker. */

import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageClassifier } from "@dl/cnn";
import { argmax, type Device, equal, mean, Rng } from "@dl/core";
import { split } from "@dl/data";
import { type Measurements, networkCost, TrialFailed, type TrialTask } from "@dl/nas";
import type { TrialFactory } from "@dl/nas/node";
import { crossEntropy, inference, type Mode } from "@dl/nn";
import { type Callback, evaluate, fit, NanStop } from "@dl/train";
import { Checkpoints, checkpointName, RunFolder, resumeFrom } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { isTask, presetNamed, recipeNamed } from "../recipes/index.ts";
import type { Preset, Recipe } from "../recipes/recipe.ts";
import { searchOf } from "../recipes/search.ts";
import type { TaskPreset, TaskRecipe } from "../recipes/task-recipe.ts";
import type { RunSettings } from "../run-file.ts";
import { fileExists } from "../run-files.ts";
import { augmentationOf, loadTrainingData, makeModel, normalization, prepareModel } from "../session.ts";

export interface TrainingTrialInput {
  readonly recipe: string;
  readonly preset: string;
  readonly seed: number;
  /** Of a trial without a budget, and the length of every trial's schedule. */
  readonly epochs: number;
  readonly limit: number | null;
  /** Measured beside accuracy. */
  readonly costs: readonly string[];
  readonly backend: string;
  readonly threads: number;
  /** Where trials keep what others go on from; null for nowhere: then they begin anew. */
  readonly folder: string | null;
}

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

function runSettings({ seed, epochs, limit, backend, threads }: TrainingTrialInput, { defaults }: TaskPreset | Preset): RunSettings {
  return { ...defaults, epochs, seed, limit, backend, threads };
}

async function tryImages(
  recipe: Recipe,
  { value, number, budget, from, signal, report }: Task,
  { settings, device, data }: { settings: TrainingTrialInput; device: Device; data: HeldBack },
): Promise<Measurements> {
  const chosen = presetNamed(recipe, settings.preset);
  const preset = searchOf(recipe, chosen).tried(chosen, value);
  const run = { recipe, preset, settings: runSettings(settings, preset) };
  const { batchSize } = run.settings;
  using model = makeModel(run);
  // As long as the longest trial, so that one that goes on from another finds its schedule where it left it.
  const steps = settings.epochs * Math.ceil(data.train.length / batchSize);
  using optimizer = preset.optimizer(model, { ...run.settings, steps });
  const resume = await savedBy(settings.folder, from, { model, optimizer });
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
  let epoch = 0;
  let last: { loss: number; accuracy: number } | undefined;
  await using folder = budget === undefined ? undefined : await folderOf(settings.folder, number);
  const { reason } = await fit({
    ...{ device, model, optimizer, dataset: data.train, batchSize, signal },
    epochs: budget ?? settings.epochs,
    rng: new Rng(settings.seed).fork("fit"),
    transform: [...augmentationOf(run, () => epoch), transform],
    step: forward,
    validate: async () => {
      last = await judge();
      return last;
    },
    callbacks: [
      new NanStop(),
      ...(folder ? [new Checkpoints({ folder, everySeconds: Number.POSITIVE_INFINITY })] : []),
      reporter(async (done) => {
        epoch = done;
        await report(done, last!.accuracy);
      }),
    ],
    ...(resume && { resume }),
  });
  signal.throwIfAborted();
  const measured = last ?? (await judge());
  if (!Number.isFinite(measured.loss))
    throw new TrialFailed(`trial ${number}: expected a loss that is a number, got ${measured.loss}: ${reason}.`);
  const costs = await costsOf(model, recipe, settings);
  return { accuracy: measured.accuracy, loss: measured.loss, ...costs };
}

/** Tells the score of each epoch, counted from 1. */
function reporter(tell: (epoch: number) => Promise<void>): Callback {
  return { name: "trial-report", onEpoch: (_run, { epoch }) => tell(epoch + 1) };
}

async function costsOf(model: ImageClassifier, { data }: Recipe, settings: TrainingTrialInput): Promise<Measurements> {
  if (settings.costs.length === 0) return { parameters: model.parameterCount };
  // A device of its own: its peak is this network's.
  await using device = await openNamedDevice(settings);
  const cost = await networkCost(model, { device, inputShape: [1, ...data.imageShape] });
  return Object.fromEntries(settings.costs.map((name) => [name, cost[name as keyof typeof cost]]));
}

/** What the trial `from` had come to; undefined where it left nothing here: the same weights come of beginning anew. */
async function savedBy(folder: string | null, from: number | undefined, target: Parameters<typeof resumeFrom>[1]) {
  if (folder === null || from === undefined) return undefined;
  const checkpoint = join(folder, "trials", String(from), checkpointName);
  return (await fileExists(checkpoint)) ? resumeFrom(checkpoint, target) : undefined;
}

async function folderOf(folder: string | null, number: number): Promise<RunFolder | undefined> {
  if (folder === null) return undefined;
  const path = join(folder, "trials", String(number));
  await rm(path, { recursive: true, force: true });
  return RunFolder.open(path);
}

/** A recipe of another form trains itself, in a folder that is gone when it has. */
async function tryTask(
  recipe: TaskRecipe,
  { value, number, budget, signal, report }: Task,
  { settings, device }: { settings: TrainingTrialInput; device: Device },
): Promise<Measurements> {
  const chosen = presetNamed(recipe, settings.preset);
  const preset = searchOf(recipe, chosen).tried(chosen, value);
  const path = join(settings.folder ?? tmpdir(), `trial-${process.pid}-${number}`);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  await using folder = await RunFolder.open(path);
  try {
    const epochs = budget ?? settings.epochs;
    const run = { recipe, preset, settings: { ...runSettings(settings, preset), epochs } };
    const { metrics, reason } = await recipe.train(run, { device, folder, resume: false, signal });
    signal.throwIfAborted();
    const loss = metrics?.["test/loss"] ?? Number.NaN;
    if (!Number.isFinite(loss)) throw new TrialFailed(`trial ${number}: expected a loss that is a number, got ${loss}: ${reason}.`);
    await report(epochs, -loss);
    return { loss };
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
