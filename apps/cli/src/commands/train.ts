/** dl train: trains a recipe. */

import { readdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { RunFolder } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import {
  type Arguments,
  anyNumber,
  type Command,
  deviceOptions,
  deviceSettings,
  onlyPositional,
  positiveNumber,
  text,
  UsageError,
  wholeNumber,
} from "../command.ts";
import { listRecipes, presetNamed, recipeNamed } from "../recipes/index.ts";
import type { Recipe } from "../recipes/recipe.ts";
import type { InputName, TaskRecipe } from "../recipes/task-recipe.ts";
import { formatTaskRun, listTasks, taskNamed } from "../rl/task-run.ts";
import { trainTask } from "../rl/train-task.ts";
import { type AnyRun, type RunSettings, runFileName } from "../run.ts";
import { formatRunFile, runWith, trainedPreset } from "../run-file.ts";
import { readWinner } from "../search/winner-file.ts";
import { describeDevice, describeRun } from "../session.ts";
import { work } from "../work.ts";

/** The run that the command line asks for. */
export async function runOf(args: Arguments): Promise<AnyRun> {
  const recipe = recipeNamed(onlyPositional(args, "recipe"));
  for (const name of ["steps", "stop-at-return"]) {
    if (args.values[name] !== undefined)
      throw new UsageError(`--${name}: expected it with an agent's task, such as ppo-cartpole, got it with ${recipe.name}.`);
  }
  const chosen = presetNamed(recipe, text(args, "preset"));
  const from = text(args, "winner");
  const winner = from === undefined ? undefined : await readWinner(from, { recipe: recipe.name, preset: chosen.name });
  const { defaults } = trainedPreset(recipe, chosen, winner);
  const limit = wholeNumber(args, "limit", { least: 1, otherwise: 0 });
  const settings = {
    seed: wholeNumber(args, "seed", { least: 0, otherwise: 1 }),
    epochs: wholeNumber(args, "epochs", { least: 1, otherwise: defaults.epochs }),
    batchSize: wholeNumber(args, "batch-size", { least: 1, otherwise: defaults.batchSize }),
    learningRate: positiveNumber(args, "learning-rate") ?? defaults.learningRate,
    limit: limit === 0 ? null : limit,
    ...deviceSettings(args),
    ...inputsOf(args, recipe),
    ...corruptOf(args, recipe),
    ...(winner && { winner }),
  };
  return runWith(recipe, { preset: chosen.name, settings });
}

/** The paths that the recipe takes. */
function inputsOf(args: Arguments, recipe: Recipe | TaskRecipe): Pick<RunSettings, "inputs"> {
  const taken = ("inputs" in recipe && recipe.inputs) || {};
  const given: [InputName, string][] = [];
  for (const name of ["data", "weights"] as const) {
    const path = text(args, name);
    if (path === undefined && taken[name] === "required") throw new UsageError(`${recipe.name}: expected --${name}, got none.`);
    if (path !== undefined && taken[name] === undefined) throw new UsageError(`${recipe.name}: expected no --${name}, got ${path}.`);
    // A run may be resumed or measured from elsewhere.
    if (path !== undefined) given.push([name, resolve(path)]);
  }
  return given.length === 0 ? {} : { inputs: Object.fromEntries(given) };
}

/** What becomes of damaged files, for recipes that read a folder of them. */
function corruptOf(args: Arguments, recipe: Recipe | TaskRecipe): Pick<RunSettings, "corrupt"> {
  const corrupt = text(args, "corrupt");
  if (corrupt === undefined) return {};
  if (!("inputs" in recipe && recipe.inputs?.data)) throw new UsageError(`${recipe.name}: expected no --corrupt, got ${corrupt}.`);
  if (corrupt !== "raise" && corrupt !== "skip") throw new UsageError(`--corrupt: expected raise or skip, got ${JSON.stringify(corrupt)}.`);
  return corrupt === "skip" ? { corrupt } : {};
}

/** The other kind of run: an agent learns in an environment. */
async function trainAgent(args: Arguments): Promise<number> {
  const task = taskNamed(onlyPositional(args, "recipe"))!;
  for (const name of ["preset", "epochs", "batch-size", "learning-rate", "limit", "data", "corrupt", "weights", "winner"]) {
    if (args.values[name] !== undefined)
      throw new UsageError(
        `--${name}: expected none with ${task.name}, an agent's task, which takes --seed, --steps and --stop-at-return, got ${text(args, name)}.`,
      );
  }
  const settings = {
    seed: wholeNumber(args, "seed", { least: 0, otherwise: 1 }),
    steps: wholeNumber(args, "steps", { least: 1, otherwise: task.steps }),
    stopAtReturn: anyNumber(args, "stop-at-return") ?? null,
    // Networks this small run slower on two threads than on one.
    ...deviceSettings(args, { backend: "auto", threads: 1 }),
  };
  await using device = await openNamedDevice(settings);
  const out = text(args, "out");
  await using folder = out === undefined ? await RunFolder.next("runs", task.name) : await RunFolder.open(out);
  const run = { task, settings };
  await folder.write(runFileName, formatTaskRun(run));
  console.error(`${task.title}, seed ${settings.seed}, on ${describeDevice(device)}, in ${folder.path}`);
  return await trainTask(run, { device, folder, resume: false, json: args.values.json === true });
}

/** Leaves nothing of a run that failed before it wrote anything, on a mistyped path perhaps: the command, put right, takes the same folder. */
async function forgetUnbegun(folder: RunFolder): Promise<void> {
  const names = (await readdir(folder.path)).filter((name) => !name.startsWith("."));
  if (names.join() === runFileName) await rm(folder.file(runFileName));
}

export const train: Command = {
  name: "train",
  summary: "Train a model and save it with its metrics and a report.",
  positionals: "<recipe>",
  details: [
    "Recipes, each with its presets:",
    listRecipes(),
    "",
    "Agents:",
    listTasks(),
    "",
    "Ctrl-C saves and stops; dl resume goes on.",
  ].join("\n"),
  options: {
    preset: { value: "NAME", help: "One of the recipe's ways to train. Default: its first." },
    seed: { value: "N", help: "Equal seed and device give equal bits. Default 1." },
    out: { value: "FOLDER", help: "New folder for the run. Default runs/<recipe>-<n>." },
    epochs: { value: "N", help: "Passes over the training set. Default: the preset's." },
    "batch-size": { value: "N", help: "Examples in a step. Default: the preset's." },
    "learning-rate": { value: "X", help: "Largest step length. Default: the preset's." },
    steps: { value: "N", help: "Environment steps an agent learns from. Default the task's." },
    "stop-at-return": { value: "X", help: "End an agent's training once evaluation episodes earn this much. Default: never." },
    limit: { value: "N", help: "Use the first N training and test examples (characters of a text) only: a quick trial. Default all." },
    data: { value: "FOLDER", help: "finetune-folder: images, one subfolder a class; or such folders called train and test." },
    corrupt: {
      value: "raise|skip",
      help: "finetune-folder: a file that is no whole image ends the run, or is left out and listed in skipped.json. Default raise.",
    },
    weights: {
      value: "PATH",
      help: "finetune-folder: the trained network, safetensors or a file of torch.save, PyTorch's or ours; sentiment-pretrained, ner: the folder of a run of mlm.",
    },
    winner: { value: "FILE", help: "What a search of this recipe found: winner.json of dl search, or its folder." },
    ...deviceOptions,
  },
  async run(args) {
    if (taskNamed(args.positionals[0])) return trainAgent(args);
    const run = await runOf(args);
    await using device = await openNamedDevice(run.settings);
    const out = text(args, "out");
    await using folder = out === undefined ? await RunFolder.next("runs", run.recipe.name) : await RunFolder.open(out);
    await folder.write(runFileName, formatRunFile(run));
    console.error(`${describeRun(run)}, on ${describeDevice(device)}, in ${folder.path}`);
    try {
      // Awaited here: device and folder close when this function ends.
      return await work(run, { device, folder, resume: false, json: args.values.json === true });
    } catch (error) {
      await forgetUnbegun(folder);
      throw error;
    }
  },
};
