/** `run.json`: what a run is, so that it can be resumed, evaluated, used and repeated. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { ofGenotype } from "@dl/nas";
import { presetNamed, recipeNamed } from "./recipes/index.ts";
import type { Recipe } from "./recipes/recipe.ts";
import { searchOf } from "./recipes/search.ts";
import { isTask, type TaskRecipe } from "./recipes/task-recipe.ts";
import { type AnyRun, type RunSettings, runFileName } from "./run.ts";

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
  const counts = [epochs, batchSize, limit ?? 1, threads ?? 1];
  const fits =
    counts.every((count) => isWhole(count, 1)) &&
    isWhole(seed, 0) &&
    typeof learningRate === "number" &&
    learningRate > 0 &&
    typeof backend === "string" &&
    arePaths(settings.inputs ?? {});
  const preset = typeof value.preset === "string" ? value.preset : undefined;
  return fits ? { recipe: value.recipe, preset, settings: settings as RunSettings } : undefined;
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function arePaths(inputs: unknown): boolean {
  return typeof inputs === "object" && inputs !== null && Object.values(inputs).every((path) => typeof path === "string");
}
