/** The common part of train and resume: the work, Ctrl-C, and what is told at the end. */

import type { Device } from "@dl/core";
import type { RunFolder } from "@dl/train/node";
import { Interrupt } from "./interrupt.ts";
import { tellOutcome } from "./outcome.ts";
import { type AnyRun, isTaskRun } from "./run-file.ts";
import { runFiles } from "./run-files.ts";
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
    const result = isTaskRun(run) ? await run.recipe.train(run, options) : await trainRun(run, options);
    return tellOutcome(run, result, { device, folder, backend, json, files: await runFiles(folder), exitCode: interrupt.exitCode });
  } catch (error) {
    const code = interrupt.codeFor(error);
    // Not while training: before its first step, or while the trained model was measured.
    console.error(`stopped. Go on with: pnpm dl resume ${folder.path}`);
    return code;
  }
}
