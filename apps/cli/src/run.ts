/** A run: a recipe, its preset and what the command line settled, and the names of the files it writes. */

import type { Genotype } from "@dl/nas";
import type { Hyperparameters, Preset, Recipe } from "./recipes/recipe.ts";
import { type InputName, isTask, type TaskRun } from "./recipes/task-recipe.ts";

export const runFileName = "run.json";
export const modelName = "model.safetensors";
/** What `dl compress` measured; runs that were trained have none. */
export const compressionName = "compression.json";

/** Everything the command line settles. */
export interface RunSettings extends Hyperparameters {
  readonly seed: number;
  /** Of training and of test examples used; null for all. */
  readonly limit: number | null;
  /** As `--backend` took it. */
  readonly backend: string;
  /** Of the wasm device; null for one a core. */
  readonly threads: number | null;
  /** Paths that `--data` and `--weights` named, for recipes that take them. */
  readonly inputs?: Readonly<Partial<Record<InputName, string>>>;
  /** A damaged file among those of `--data`: an error, or left out. Default `"raise"`. */
  readonly corrupt?: "raise" | "skip";
  /** What a search found and `--winner` named: the file, and the candidate in it. */
  readonly winner?: { readonly file: string; readonly genotype: Genotype };
}

export interface RunFile {
  readonly recipe: Recipe;
  readonly preset: Preset;
  readonly settings: RunSettings;
}

/** A run of any recipe. */
export type AnyRun = RunFile | TaskRun;

export function isTaskRun(run: AnyRun): run is TaskRun {
  return isTask(run.recipe);
}

const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : JSON.stringify(path));

/** The command that makes this run again: every setting that is not the preset's. */
export function commandLine({ recipe, preset, settings }: AnyRun): string {
  const { defaults } = preset;
  const words = ["pnpm dl train", recipe.name];
  if (preset.name !== recipe.presets[0].name) words.push(`--preset ${preset.name}`);
  words.push(`--seed ${settings.seed}`);
  if (settings.epochs !== defaults.epochs) words.push(`--epochs ${settings.epochs}`);
  if (settings.batchSize !== defaults.batchSize) words.push(`--batch-size ${settings.batchSize}`);
  if (settings.learningRate !== defaults.learningRate) words.push(`--learning-rate ${settings.learningRate}`);
  for (const [name, path] of Object.entries(settings.inputs ?? {})) words.push(`--${name} ${quoted(path)}`);
  if (settings.corrupt === "skip") words.push("--corrupt skip");
  if (settings.winner) words.push(`--winner ${quoted(settings.winner.file)}`);
  if (settings.limit !== null) words.push(`--limit ${settings.limit}`);
  if (settings.backend !== "auto") words.push(`--backend ${settings.backend}`);
  if (settings.threads !== null) words.push(`--threads ${settings.threads}`);
  return words.join(" ");
}
