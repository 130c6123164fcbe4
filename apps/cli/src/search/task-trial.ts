/** The trial of a recipe that trains itself, in a folder that is gone when it has: what it comes to after each epoch is reported. */

import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "@dl/core";
import { type Measurements, TrialFailed, type TrialTask } from "@dl/nas";
import type { Callback } from "@dl/train";
import { checkpointName, RunFolder } from "@dl/train/node";
import { presetNamed } from "../recipes/index.ts";
import { searchOf } from "../recipes/search.ts";
import type { TaskRecipe } from "../recipes/task-recipe.ts";
import { runSettings, type TrainingTrialInput, wholeEpochs } from "./trial-input.ts";
import { checkpointFrom, keepCheckpoint } from "./trial-state.ts";

export async function tryTask(
  recipe: TaskRecipe,
  task: TrialTask<unknown>,
  { settings, device }: { settings: TrainingTrialInput; device: Device },
): Promise<Measurements> {
  const { value, number, budget, signal, report } = task;
  const chosen = presetNamed(recipe, settings.preset);
  const preset = searchOf(recipe, chosen).tried(chosen, value);
  const checkpoint = await checkpointFrom(task, settings);
  const parent = settings.folder ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, "trial-"));
  const epochs = wholeEpochs(budget ?? settings.epochs);
  let done = 0;
  const listener: Callback = {
    name: "trial-report",
    async onEpoch(run, { epoch, metrics }) {
      done = epoch + 1;
      const loss = metrics["validation/loss"] ?? Number.NaN;
      if (!Number.isFinite(loss))
        throw new TrialFailed(`trial ${number}: expected a loss that is a number after epoch ${done}, got ${loss}.`);
      await report(done, -loss);
      if (done === epochs && epochs < run.epochs) run.stop("the budget is spent");
    },
  };
  try {
    await using folder = await RunFolder.open(path);
    if (checkpoint !== undefined) await copyFile(checkpoint, folder.file(checkpointName));
    // Settings of the longest trial, so that one that goes on from another finds its schedule where it left it.
    const run = { recipe, preset, settings: runSettings(settings, preset) };
    const resume = checkpoint !== undefined;
    const { metrics, reason } = await recipe.train(run, { device, folder, resume, takesOver: resume, signal, callbacks: [listener] });
    signal.throwIfAborted();
    const loss = metrics?.["test/loss"] ?? Number.NaN;
    if (done < epochs || !Number.isFinite(loss)) {
      throw new TrialFailed(`trial ${number}: expected ${epochs} epochs and a loss that is a number, got ${done} and ${loss}: ${reason}.`);
    }
    if (budget !== undefined && settings.folder !== null) {
      await keepCheckpoint(folder.file(checkpointName), { folder: settings.folder, number });
    }
    return { loss };
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
