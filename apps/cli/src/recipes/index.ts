/** Every recipe, by the name `dl train` takes. */

import { UsageError } from "../command.ts";
import { conv5fc3Cifar10 } from "./conv5fc3-cifar10.ts";
import { kerasCnnCifar10 } from "./keras-cnn-cifar10.ts";
import { lenetCifar10 } from "./lenet-cifar10.ts";
import { lenetMnist } from "./lenet-mnist.ts";
import type { Preset, Recipe } from "./recipe.ts";

export const recipes: readonly Recipe[] = [lenetMnist, lenetCifar10, kerasCnnCifar10, conv5fc3Cifar10];

export function recipeNamed(name: string): Recipe {
  const recipe = recipes.find((candidate) => candidate.name === name);
  if (!recipe)
    throw new UsageError(`expected a recipe (${recipes.map((candidate) => candidate.name).join(", ")}), got ${JSON.stringify(name)}.`);
  return recipe;
}

/** The preset of that name; the recipe's first when there is none. */
export function presetNamed({ name: recipe, presets }: Recipe, name: string = presets[0].name): Preset {
  const preset = presets.find((candidate) => candidate.name === name);
  if (!preset) {
    const known = presets.map((candidate) => candidate.name).join(", ");
    throw new UsageError(`--preset: expected one of ${recipe} (${known}), got ${JSON.stringify(name)}.`);
  }
  return preset;
}

/** Recipes and their presets, for `--help`. */
export function listRecipes(): string {
  const rows = recipes.flatMap(({ name, presets }) =>
    presets.map((preset, i) => [i === 0 ? name : `  --preset ${preset.name}`, preset.summary] as const),
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, summary]) => `  ${left.padEnd(width)}  ${summary}`).join("\n");
}
