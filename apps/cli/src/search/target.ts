/** What a search's target is when it is opened: the problem, and the module whose `trial` tries a candidate. */

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DataError } from "@dl/core";
import type { Objectives, SearchProblem } from "@dl/nas";
import { UsageError } from "../command.ts";
import { presetNamed, recipeNamed } from "../recipes/index.ts";
import { searchOf } from "../recipes/search.ts";
import { isTask } from "../recipes/task-recipe.ts";
import { mustGoOn } from "./going-on.ts";
import type { SearchFile } from "./search-file.ts";
import type { TrainingTrialInput } from "./trial-input.ts";
import type { SearchTarget } from "./winner-file.ts";

export interface OpenTarget {
  readonly problem: SearchProblem<unknown>;
  /** Exports `trial`. */
  readonly module: URL;
}

/** What may be measured of a network beside its accuracy; less of each is better. */
export const costNames = ["parameters", "flops", "latency", "memory"] as const;

/** A path to a module, or the name of a recipe. */
export function targetNamed(name: string, preset: string | undefined): SearchTarget {
  if (/\.[cm]?[jt]s$/.test(name)) {
    if (preset !== undefined) throw new UsageError(`--preset: expected none with a module, got ${preset}.`);
    return { module: resolve(name) };
  }
  const recipe = recipeNamed(name);
  return { recipe: recipe.name, preset: presetNamed(recipe, preset).name };
}

/** `folder`: where trials keep the weights that others go on from; null for nowhere. */
export async function openTarget({ target, settings }: SearchFile, { folder }: { folder: string | null }): Promise<OpenTarget> {
  if ("module" in target) {
    const { problem, module } = await importProblem(target.module);
    if (settings.objectives.length > 0) throw new UsageError(`--objectives: expected none, ${target.module} says what it measures.`);
    return { problem, module };
  }
  const recipe = recipeNamed(target.recipe);
  const preset = presetNamed(recipe, target.preset);
  const { space, known, trial } = searchOf(recipe, preset);
  const wrong = settings.objectives.find((name) => !costNames.includes(name as (typeof costNames)[number]));
  if (wrong !== undefined || (isTask(recipe) && settings.objectives.length > 0)) {
    throw new UsageError(
      `--objectives: expected ${isTask(recipe) ? "none for this recipe" : costNames.join(", ")}, got ${settings.objectives.join(",")}.`,
    );
  }
  const epochs = settings.epochs ?? trial.epochs;
  const main: Objectives = isTask(recipe) ? { loss: "minimize" } : { accuracy: "maximize" };
  const input: TrainingTrialInput = {
    ...{ ...target, epochs, folder, seed: settings.seed, backend: settings.backend, threads: settings.threads ?? 1 },
    ...{ limit: settings.limit ?? trial.limit, costs: settings.objectives, mustGoOn: mustGoOn(settings.strategy) },
  };
  return {
    problem: {
      name: recipe.name,
      title: recipe.title,
      space,
      ...(known && { known }),
      objectives: { ...main, ...Object.fromEntries(settings.objectives.map((name) => [name, "minimize" as const])) },
      budgets: [Math.max(1, Math.round(epochs / 9)), epochs],
      input,
    },
    module: trainingTrial(),
  };
}

/** Where the trials of a module's problem are; those of recipes have one queue. */
export const queueOf = (problem: string | undefined): string => (problem === undefined ? "dl-trials" : `dl-trials-${problem}`);

/** The trial of every recipe. */
export const trainingTrial = (): URL => new URL("./training-trial.ts", import.meta.url);

export async function importProblem(path: string): Promise<OpenTarget> {
  const isThere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) throw new DataError(`${path}: expected a module, got nothing there.`);
  const module = pathToFileURL(resolve(path));
  const { problem, trial } = (await import(module.href)) as { problem?: Partial<SearchProblem<unknown>>; trial?: unknown };
  const fits =
    typeof problem === "object" &&
    problem !== null &&
    /^[a-z0-9]+(-[a-z0-9]+)*$/.test(problem.name ?? "") &&
    typeof problem.space?.express === "function" &&
    typeof problem.objectives === "object";
  if (!fits || typeof trial !== "function") {
    throw new DataError(
      `${path}: expected a module that exports problem (a SearchProblem of @dl/nas) and trial, got ${fits ? `a trial that is ${typeof trial}` : "another problem"}.`,
    );
  }
  return { problem: { title: problem.name!, ...problem } as SearchProblem<unknown>, module };
}
