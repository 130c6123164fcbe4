/** dl train: trains a recipe. */

import { RunFolder } from "@dl/train/node";
import {
  type Arguments,
  type Command,
  deviceOptions,
  onlyPositional,
  openDeviceOf,
  positiveNumber,
  text,
  wholeNumber,
} from "../command.ts";
import { interruptSignal } from "../interrupt.ts";
import { tellOutcome } from "../outcome.ts";
import { recipeNamed, recipes } from "../recipes/index.ts";
import { formatRunFile, type RunFile, runFileName } from "../run-file.ts";
import { runFiles } from "../run-files.ts";
import { describeDevice } from "../session.ts";
import { trainRun } from "../training.ts";

function runOf(args: Arguments): RunFile {
  const recipe = recipeNamed(onlyPositional(args, "recipe"));
  const { defaults } = recipe;
  const settings = {
    seed: wholeNumber(args, "seed", { least: 0, otherwise: 1 }),
    epochs: wholeNumber(args, "epochs", { least: 1, otherwise: defaults.epochs }),
    batchSize: wholeNumber(args, "batch-size", { least: 1, otherwise: defaults.batchSize }),
    learningRate: positiveNumber(args, "learning-rate") ?? defaults.learningRate,
  };
  return { recipe, settings };
}

export const train: Command = {
  name: "train",
  summary: "Train a model and save it with its metrics and a report.",
  positionals: "<recipe>",
  details: [
    "Recipes:",
    ...recipes.map(({ name, summary }) => `  ${name.padEnd(18)}  ${summary}`),
    "",
    "Ctrl-C saves and stops; dl resume goes on.",
  ].join("\n"),
  options: {
    seed: { value: "N", help: "Equal seed and device give equal bits. Default 1." },
    out: { value: "FOLDER", help: "New folder for the run. Default runs/<recipe>-<n>." },
    epochs: { value: "N", help: "Passes over the training set. Default: the recipe's." },
    "batch-size": { value: "N", help: "Images in a step. Default: the recipe's." },
    "learning-rate": { value: "X", help: "Largest step length. Default: the recipe's." },
    ...deviceOptions,
  },
  async run(args) {
    const run = runOf(args);
    const { backend, device: opened } = await openDeviceOf(args);
    await using device = opened;
    const out = text(args, "out");
    await using folder = out === undefined ? await RunFolder.next("runs", run.recipe.name) : await RunFolder.open(out);
    await folder.write(runFileName, formatRunFile(run));
    console.error(`${run.recipe.title} on ${describeDevice(device)}, seed ${run.settings.seed}`);
    const interrupt = interruptSignal(() => console.error("\nstopping after this step; Ctrl-C again to quit at once"));
    try {
      const result = await trainRun(run, { device, folder, resume: false, signal: interrupt.signal });
      return tellOutcome(run, result, { device, folder, backend, json: args.values.json === true, files: await runFiles(folder) });
    } finally {
      interrupt.release();
    }
  },
};
