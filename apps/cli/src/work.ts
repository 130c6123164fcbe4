/** The common part of train and resume: the work, Ctrl-C, and what is told at the end. */

import type { Device } from "@dl/core";
import type { RunFolder } from "@dl/train/node";
import { Interrupt } from "./interrupt.ts";
import { tellOutcome } from "./outcome.ts";
import type { TaskResult, TaskRun } from "./recipes/task-recipe.ts";
import { type AnyRun, commandLine, isTaskRun } from "./run.ts";
import { runFiles } from "./run-files.ts";
import { resultsOf, writeOutcome } from "./run-outcome.ts";
import { searchSlug } from "./search/winner-file.ts";
import { trainRun } from "./training.ts";

export interface WorkOptions {
  device: Device;
  folder: RunFolder;
  resume: boolean;
  json: boolean;
}

/** Trains, tells how it went, and gives the exit code. */
export async function work(run: AnyRun, { device, folder, resume, json }: WorkOptions): Promise<number> {
  using interrupt = new Interrupt();
  try {
    const { backend } = run.settings;
    const options = { device, folder, resume, signal: interrupt.signal };
    const result = isTaskRun(run) ? await trainTaskRun(run, options) : await trainRun(run, options);
    return tellOutcome(run, result, { device, folder, backend, json, files: await runFiles(folder), exitCode: interrupt.exitCode });
  } catch (error) {
    const code = interrupt.codeFor(error);
    // Not while training: before its first step, or while the trained model was measured.
    console.error(`stopped. Go on with: pnpm dl resume ${folder.path}`);
    return code;
  }
}

/** Trains, and keeps what was measured in `run.json`; a classifier's model is measured again when its results are recorded. */
async function trainTaskRun(run: TaskRun, options: Parameters<TaskRun["recipe"]["train"]>[1]): Promise<TaskResult> {
  const result = await run.recipe.train(run, options);
  const { recipe, preset, settings } = run;
  if (result.metrics) {
    const isFirst = preset.name === recipe.presets[0].name;
    // What a search found stands beside the recipe's own result.
    const found = settings.winner && searchSlug(settings.winner.file);
    await writeOutcome(options.folder, {
      name: [recipe.name, ...(isFirst ? [] : [preset.name]), ...(found === undefined ? [] : [found])].join("/"),
      title: [recipe.title, ...(isFirst ? [] : [preset.name]), ...(found === undefined ? [] : ["as a search found it"])].join(", "),
      command: commandLine(run),
      seed: settings.seed,
      device: options.device.name,
      seconds: result.seconds,
      steps: result.steps,
      // A trial on a part of the data promises nothing.
      results: resultsOf(result.metrics, settings.limit === null ? preset.goals : {}),
    });
  }
  return result;
}
