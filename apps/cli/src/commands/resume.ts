/** dl resume: goes on with a run that was stopped. */

import { RunFolder } from "@dl/train/node";
import { backendNames, openNamedDevice } from "../backends.ts";
import { type Command, onlyPositional, text } from "../command.ts";
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
  details: "",
  options: {
    backend: {
      value: "NAME",
      help: `Device: ${backendNames.join(", ")}. Default auto; another device than before gives other last digits.`,
    },
    json: { help: "End with one line of JSON on stdout." },
  },
  async run(args) {
    const path = onlyPositional(args, "run folder");
    const run = await readRunFile(path);
    const backend = text(args, "backend") ?? "auto";
    await using device = await openNamedDevice(backend);
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
