/** `run.json`: what a run is, so that it can be resumed, evaluated and used. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { recipeNamed } from "./recipes/index.ts";
import type { Recipe, RecipeSettings } from "./recipes/recipe.ts";

export const runFileName = "run.json";
export const modelName = "model.safetensors";

export interface RunFile {
  readonly recipe: Recipe;
  readonly settings: RecipeSettings;
}

export function formatRunFile({ recipe, settings }: RunFile): string {
  return `${JSON.stringify({ format: "dl-run-1", recipe: recipe.name, settings }, null, 2)}\n`;
}

/** Reads a run's file. Throws a DataError that names it when it is missing or not one of ours. */
export async function readRunFile(folder: string): Promise<RunFile> {
  const path = join(folder, runFileName);
  let run: { format?: unknown; recipe?: unknown; settings?: Partial<Record<keyof RecipeSettings, unknown>> };
  try {
    run = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new DataError(
      `${path}: expected the description of a run that dl train made, got ${error instanceof Error ? error.message : error}.`,
    );
  }
  const { format, recipe, settings } = run ?? {};
  const numbers = [settings?.seed, settings?.epochs, settings?.batchSize, settings?.learningRate];
  if (
    format !== "dl-run-1" ||
    typeof recipe !== "string" ||
    !numbers.every((value) => typeof value === "number" && Number.isFinite(value))
  ) {
    throw new DataError(`${path}: expected format dl-run-1 with a recipe and its settings, got something else. Was it edited?`);
  }
  return { recipe: recipeNamed(recipe), settings: settings as RecipeSettings };
}
