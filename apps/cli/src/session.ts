/** A run made ready: data, model, device. */

import type { ImageClassifier } from "@dl/cnn";
import { DataError, type Device, Rng } from "@dl/core";
import { batches, normalize, split, take } from "@dl/data";
import type { SourceProgress } from "@dl/data/node";
import { formatCount } from "@dl/train";
import type { Augmentation, LabelledImages, Preset } from "./recipes/recipe.ts";
import { isTask } from "./recipes/task-recipe.ts";
import type { AnyRun, RunFile } from "./run.ts";

/** The training set, divided. */
export interface TrainingData {
  readonly train: LabelledImages;
  /** Undefined when the preset trains on everything. */
  readonly validation: LabelledImages | undefined;
}

interface Stoppable {
  readonly signal: AbortSignal;
}

/** Loads and divides the training set; the division depends on the seed alone. */
export async function loadTrainingData({ recipe, preset, settings }: RunFile, { signal }: Stoppable): Promise<TrainingData> {
  const all = limited(await recipe.data.load("train", { onProgress: showDownload, signal }), settings.limit);
  signal.throwIfAborted();
  if (preset.validationShare === 0) return { train: all, validation: undefined };
  const fractions = { train: 1 - preset.validationShare, validation: preset.validationShare };
  const parts = split(all, { fractions, rng: new Rng(settings.seed).fork("split"), stratify: "labels" });
  if (Math.min(parts.train.length, parts.validation.length) === 0) {
    throw new DataError(
      `${recipe.name}: expected images enough to hold some back for validation, got ${all.length}. Take a larger --limit, such as 100.`,
    );
  }
  return parts;
}

/** Loads the test set, as much of it as the run uses. */
export async function loadTestData({ recipe, settings }: RunFile, { signal }: Stoppable): Promise<LabelledImages> {
  return limited(await recipe.data.load("test", { onProgress: showDownload, signal }), settings.limit);
}

function limited(dataset: LabelledImages, limit: number | null): LabelledImages {
  return limit === null ? dataset : take(dataset, limit);
}

/** What every image goes through before the model sees it. */
export function normalization({ normalization }: Preset): Augmentation[number] {
  return normalize(normalization);
}

/** What training images go through before. */
export function augmentationOf({ preset: { augmentation }, settings }: RunFile, epoch: () => number): Augmentation {
  return typeof augmentation === "function" ? augmentation({ epoch, rng: new Rng(settings.seed).fork("augmentation") }) : augmentation;
}

/** Makes a new model ready with the training images. */
export function prepareModel({ preset }: RunFile, model: ImageClassifier, train: LabelledImages): void {
  preset.prepare?.(model, (count) => {
    const first = take(train, Math.min(count, train.length));
    return batches(first, { batchSize: first.length, transform: normalization(preset) }).at(0).images;
  });
}

export function makeModel({ preset, settings }: RunFile): ImageClassifier {
  return preset.model(new Rng(settings.seed).fork("init"));
}

/** One line on stderr a step of a download, rewritten on a terminal. */
let shown = "";
export function showDownload({ source, origin, step, received, total }: SourceProgress): void {
  const megabytes = (bytes: number): string => formatCount(Math.round(bytes / 1e6));
  const of = total === undefined ? "" : `/${megabytes(total)}`;
  const amount = received === undefined ? "" : ` ${megabytes(received)}${of} MB`;
  const line = `${source}: ${step} from ${origin}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line}${amount}\x1b[K${received !== undefined && received === total ? "\n" : ""}`);
  else if (shown !== line) process.stderr.write(`${line}\n`);
  shown = line;
}

/** One line for people: what runs where. */
export function describeDevice(device: Device): string {
  return [device.name, ...device.skipped.map(({ backend, reason }) => `(${backend} did not start: ${reason})`)].join(" ");
}

/** The head line of a run. */
export function describeRun({ recipe, preset, settings }: AnyRun): string {
  const parts = [recipe.title, ...(preset.name === recipe.presets[0].name ? [] : [`preset ${preset.name}`]), `seed ${settings.seed}`];
  if (settings.limit !== null) parts.push(`the first ${settings.limit} ${isTask(recipe) ? "examples" : "images"}`);
  return parts.join(", ");
}
