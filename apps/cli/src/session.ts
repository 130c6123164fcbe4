/** A recipe made ready to run: device, data, model. */

import type { ImageClassifier } from "@dl/cnn";
import { type Device, Rng } from "@dl/core";
import { normalize, split, type Transform } from "@dl/data";
import type { SourceProgress } from "@dl/data/node";
import { formatCount } from "@dl/train";
import type { LabelledImages, Recipe, RecipeSettings } from "./recipes/recipe.ts";

/** The training set, divided. */
export interface TrainingData {
  readonly train: LabelledImages;
  /** Undefined when the recipe trains on everything. */
  readonly validation: LabelledImages | undefined;
}

/** Loads and divides the training set; the division depends on the seed alone. */
export async function loadTrainingData(recipe: Recipe, { seed }: RecipeSettings): Promise<TrainingData> {
  const all = await recipe.data.load("train", { onProgress: showDownload });
  if (recipe.validationShare === 0) return { train: all, validation: undefined };
  const fractions = { train: 1 - recipe.validationShare, validation: recipe.validationShare };
  return split(all, { fractions, rng: new Rng(seed).fork("split"), stratify: "labels" });
}

export function loadTestData(recipe: Recipe): Promise<LabelledImages> {
  return recipe.data.load("test", { onProgress: showDownload });
}

/** What every image goes through before the model sees it. */
export function normalization(recipe: Recipe): Transform<Parameters<Recipe["augmentation"][number]>[0]> {
  return normalize(recipe.data.normalization);
}

export function makeModel(recipe: Recipe, { seed }: RecipeSettings): ImageClassifier {
  return recipe.model(new Rng(seed).fork("init"));
}

/** One line on stderr a step of a download, rewritten on a terminal. */
let shown = "";
function showDownload({ source, origin, step, received, total }: SourceProgress): void {
  const amount =
    received === undefined
      ? ""
      : ` ${formatCount(Math.round(received / 1e6))}${total === undefined ? "" : `/${formatCount(Math.round(total / 1e6))}`} MB`;
  const line = `${source}: ${step} from ${origin}${amount}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line}\x1b[K${received !== undefined && received === total ? "\n" : ""}`);
  else if (shown !== `${source} ${step}`) process.stderr.write(`${source}: ${step} from ${origin}\n`);
  shown = `${source} ${step}`;
}

/** One line for people: what runs where. */
export function describeDevice(device: Device): string {
  return [device.name, ...device.skipped.map(({ backend, reason }) => `(${backend} did not start: ${reason})`)].join(" ");
}
