/** Every recipe, by the name `dl train` takes. */

import { UsageError } from "../command.ts";
import { conv5fc3Cifar10 } from "./conv5fc3-cifar10.ts";
import { kerasCnnCifar10 } from "./keras-cnn-cifar10.ts";
import { lenetCifar10 } from "./lenet-cifar10.ts";
import { lenetMnist } from "./lenet-mnist.ts";
import type { Recipe } from "./recipe.ts";

export const recipes: readonly Recipe[] = [lenetMnist, lenetCifar10, kerasCnnCifar10, conv5fc3Cifar10];

export function recipeNamed(name: string): Recipe {
  const recipe = recipes.find((candidate) => candidate.name === name);
  if (!recipe)
    throw new UsageError(`expected a recipe (${recipes.map((candidate) => candidate.name).join(", ")}), got ${JSON.stringify(name)}.`);
  return recipe;
}
