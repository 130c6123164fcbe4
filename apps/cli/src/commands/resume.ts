/** dl resume: goes on with a run that was stopped. */

import { RunFolder } from "@dl/train/node";
import { type Command, deviceOptions, onlyPositional, openDeviceOf } from "../command.ts";
import { interruptSignal } from "../interrupt.ts";
import { tellOutcome } from "../outcome.ts";
import { readRunFile } from "../run-file.ts";
import { runFiles } from "../run-files.ts";
import { describeDevice } from "../session.ts";
import { trainRun } from "../training.ts";

export const resume: Command = {
  name: "resume",
  summary: "Go on with a stopped run, from its last checkpoint, with the same bits.",
  positionals: "<run folder>",
  details: "On another device than before, the last digits differ.",
  options: deviceOptions,
  async run(args) {
    const path = onlyPositional(args, "run folder");
    const run = await readRunFile(path);
    const { backend, device: opened } = await openDeviceOf(args);
    await using device = opened;
    await using folder = await RunFolder.open(path, { resume: true });
    console.error(`${run.recipe.title} on ${describeDevice(device)}, resumed in ${folder.path}`);
    const interrupt = interruptSignal(() => console.error("\nstopping after this step; Ctrl-C again to quit at once"));
    try {
      const result = await trainRun(run, { device, folder, resume: true, signal: interrupt.signal });
      return tellOutcome(run, result, { device, folder, backend, json: args.values.json === true, files: await runFiles(folder) });
    } finally {
      interrupt.release();
    }
  },
};
