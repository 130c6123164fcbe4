/** What `dl search` looks for in a recipe that does not say so itself: the settings of its training. */

import { choice, float, record } from "@dl/nas";
import { UsageError } from "../command.ts";
import type { Preset, Recipe, RecipeSearch } from "./recipe.ts";
import { isTask, type TaskPreset, type TaskRecipe } from "./task-recipe.ts";

interface TrainingSettings {
  readonly learningRate: number;
  readonly batchSize: number;
}

/** The learning rate up to ten times as small or as large, and half or twice the batch. */
function trainingSearch<P extends TaskPreset | Preset>({ defaults }: P): RecipeSearch<P, TrainingSettings> {
  const { learningRate, batchSize } = defaults;
  const changed = (preset: P, value: TrainingSettings): P => ({ ...preset, defaults: { ...preset.defaults, ...value } });
  const batchSizes = [...new Set([Math.max(1, batchSize >> 1), batchSize, 2 * batchSize])];
  return {
    space: record({
      learningRate: float(learningRate / 10, learningRate * 10, { log: true }),
      batchSize: choice(batchSizes),
    }),
    known: [{ learningRate, batchSize: batchSizes.indexOf(batchSize) }],
    trial: { epochs: 2, limit: 5000 },
    tried: changed,
    trained: changed,
  };
}

/** What a recipe is searched for. Throws a UsageError for one that cannot be searched. */
export function searchOf<R extends Recipe | TaskRecipe>(recipe: R, preset: R["presets"][0]): RecipeSearch<R["presets"][0]> {
  const own = recipe.search as RecipeSearch<R["presets"][0]> | undefined;
  if (own) return own;
  if (isTask(recipe)) throw new UsageError(`expected a recipe that can be searched, got ${recipe.name}: it says nothing of a space.`);
  return trainingSearch(preset);
}
