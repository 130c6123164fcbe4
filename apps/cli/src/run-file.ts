/** `run.json`: what a run is, so that it can be resumed, evaluated, used and repeated. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { type Genotype, ofGenotype } from "@dl/nas";
import { isTask, presetNamed, recipeNamed } from "./recipes/index.ts";
import type { Hyperparameters, Preset, Recipe } from "./recipes/recipe.ts";
import { searchOf } from "./recipes/search.ts";
import type { InputName, TaskRecipe, TaskRun } from "./recipes/task-recipe.ts";

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

const format = "dl-run-1";

/** A run of `recipe`, by the name of its preset; its first when there is none. */
export function runWith(recipe: Recipe | TaskRecipe, { preset, settings }: { preset: string | undefined; settings: RunSettings }): AnyRun {
  const { winner } = settings;
  if (isTask(recipe)) return { recipe, preset: trainedPreset(recipe, presetNamed(recipe, preset), winner), settings };
  return { recipe, preset: trainedPreset(recipe, presetNamed(recipe, preset), winner), settings };
}

/** The preset, changed by what a search of the recipe found. Throws an OptionError for what is of another space. */
export function trainedPreset<R extends Recipe | TaskRecipe>(
  recipe: R,
  preset: R["presets"][0],
  winner: RunSettings["winner"],
): R["presets"][0] {
  if (!winner) return preset;
  const search = searchOf(recipe, preset);
  return search.trained(preset, ofGenotype(search.space, winner.genotype).value);
}

export function isTaskRun(run: AnyRun): run is TaskRun {
  return isTask(run.recipe);
}

export function formatRunFile({ recipe, preset, settings }: AnyRun): string {
  return `${JSON.stringify({ format, recipe: recipe.name, preset: preset.name, settings }, null, 2)}\n`;
}

/** Reads a run's file. Throws a DataError that names it when it is missing or not one of ours. */
export async function readRunFile(folder: string): Promise<AnyRun> {
  const path = join(folder, runFileName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new DataError(
      `${path}: expected a run that dl train made, got ${error.code ?? error.message}. Give the folder that --out named.`,
    );
  });
  const run = parseRun(text);
  if (run === undefined)
    throw new DataError(`${path}: expected format ${format} with a recipe and its settings, got others. Was it edited?`);
  return runWith(recipeNamed(run.recipe), run);
}

function parseRun(text: string): { recipe: string; preset: string | undefined; settings: RunSettings } | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (value?.format !== format || typeof value.recipe !== "string") return undefined;
  // Runs from before there were presets, limits and threads have none.
  const settings = { limit: null, threads: null, backend: "auto", ...(value.settings as Partial<RunSettings> | undefined) };
  const { seed, epochs, batchSize, learningRate, limit, threads, backend } = settings;
  const numbers = [seed, epochs, batchSize, learningRate, limit ?? 1, threads ?? 1];
  const fits = numbers.every((number) => typeof number === "number" && Number.isFinite(number)) && typeof backend === "string";
  const preset = typeof value.preset === "string" ? value.preset : undefined;
  return fits ? { recipe: value.recipe, preset, settings: settings as RunSettings } : undefined;
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
