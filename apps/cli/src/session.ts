/** A run made ready: data, model, device. */

import type { ImageClassifier } from "@dl/cnn";
import { type Device, Rng } from "@dl/core";
import { normalize, split, type Transform, take } from "@dl/data";
import type { SourceProgress } from "@dl/data/node";
import { formatCount } from "@dl/train";
import { isTask } from "./recipes/index.ts";
import type { LabelledImages, Preset } from "./recipes/recipe.ts";
import type { AnyRun, RunFile } from "./run-file.ts";

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
  return split(all, { fractions, rng: new Rng(settings.seed).fork("split"), stratify: "labels" });
}

/** Loads the test set, as much of it as the run uses. */
export async function loadTestData({ recipe, settings }: RunFile, { signal }: Stoppable): Promise<LabelledImages> {
  return limited(await recipe.data.load("test", { onProgress: showDownload, signal }), settings.limit);
}

function limited(dataset: LabelledImages, limit: number | null): LabelledImages {
  return limit === null ? dataset : take(dataset, limit);
}

/** What every image goes through before the model sees it. */
export function normalization({ normalization }: Preset): Transform<Parameters<Preset["augmentation"][number]>[0]> {
  return normalize(normalization);
}

export function makeModel({ preset, settings }: RunFile): ImageClassifier {
  return preset.model(new Rng(settings.seed).fork("init"));
}

/** One line on stderr a step of a download, rewritten on a terminal. */
let shown = "";
function showDownload({ source, origin, step, received, total }: SourceProgress): void {
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
  const parts = [recipe.title, ...(preset === recipe.presets[0] ? [] : [`preset ${preset.name}`]), `seed ${settings.seed}`];
  if (settings.limit !== null) parts.push(`the first ${settings.limit} ${isTask(recipe) ? "examples" : "images"}`);
  return parts.join(", ");
}
