/** A recipe of any form: what is not an image classifier trains and measures itself, in the same run folders. */

import type { Device } from "@dl/core";
import type { Callback, FitResult, Metrics } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import type { Classifier } from "../classifier.ts";
import type { RunSettings } from "../run.ts";
import type { Goal } from "../run-outcome.ts";
import type { Hyperparameters, Recipe, RecipeSearch } from "./recipe.ts";

/** One way to train; a recipe's own presets hold more. */
export interface TaskPreset {
  readonly name: string;
  /** One line: what it is and where its settings come from. */
  readonly summary: string;
  readonly defaults: Hyperparameters;
  /** What the metrics of a whole run must reach, by their names; recorded with them. Default nothing. */
  readonly goals?: Readonly<Record<string, Goal>>;
}

/** A run of such a recipe. */
export interface TaskRun<P extends TaskPreset = TaskPreset> {
  readonly recipe: TaskRecipe;
  readonly preset: P;
  readonly settings: RunSettings;
}

export interface TaskContext {
  device: Device;
  signal: AbortSignal;
}

export interface TaskTraining extends TaskContext {
  folder: RunFolder;
  /** Go on from the last checkpoint, if there is one. */
  resume: boolean;
  /** Beside the recipe's own, of a trial in a search: it tells the losses and ends the run. A recipe with `search` passes them on. */
  callbacks?: readonly Callback[];
  /** The checkpoint may be of a candidate with other batches. A recipe with `search` passes it on. Default false. */
  takesOver?: boolean;
}

export interface TaskResult extends FitResult {
  /** Of work, those before an interruption included. */
  readonly seconds: number;
  /** Of the trained model on the test set, by names such as `test/loss`. Undefined when the run was interrupted. */
  readonly metrics: Metrics | undefined;
}

/** A file or folder of the user's that a recipe takes, by the name of its option. */
export type InputName = "data" | "weights";

export interface TaskRecipe<P extends TaskPreset = TaskPreset> {
  readonly name: string;
  /** For reports: `GPT on Tiny Shakespeare`. */
  readonly title: string;
  /** The first is what runs when none is named. */
  readonly presets: readonly [P, ...P[]];
  /** What `dl search` looks for, by the loss that training ends with on data held back, told after each epoch as `validation/loss`. Default: the recipe cannot be searched. */
  readonly search?: RecipeSearch<P>;
  /** What it takes from the command line, and whether it must be given. Default nothing. */
  readonly inputs?: Readonly<Partial<Record<InputName, "required" | "optional">>>;
  /** Trains, and writes the model: `model.safetensors` last. */
  train(run: TaskRun<P>, options: TaskTraining): Promise<TaskResult>;
  /** What the model in `folder` says to texts of the user's: an answer each. Default: it says nothing to texts. */
  answer?(run: TaskRun<P>, options: TaskContext & { folder: string; texts: readonly string[] }): Promise<readonly string[]>;
  /** The network in `folder` as a classifier of images, for predict, serve, explain, export and compress. Default: it is none. */
  classifier?(run: TaskRun<P>, folder: string): Promise<Classifier>;
  /** Measures the model in `folder`. */
  evaluate(run: TaskRun<P>, options: TaskContext & { folder: string }): Promise<Metrics>;
}

export function isTask(recipe: Recipe | TaskRecipe): recipe is TaskRecipe {
  return "train" in recipe;
}
