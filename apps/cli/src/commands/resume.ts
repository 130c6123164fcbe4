/** dl resume: goes on with a run that was stopped. */

import { join } from "node:path";
import { RunFolder } from "@dl/train/node";
import { openNamedDevice } from "../backends.ts";
import { type Command, deviceOptions, deviceSettings, onlyPositional, UsageError } from "../command.ts";
import { readTaskRun } from "../rl/task-run.ts";
import { trainTask } from "../rl/train-task.ts";
import { compressionName } from "../run.ts";
import { readRunFile } from "../run-file.ts";
import { fileExists } from "../run-files.ts";
import { runSearch } from "../search/run-search.ts";
import { readSearchFile } from "../search/search-file.ts";
import { describeDevice, describeRun } from "../session.ts";
import { work } from "../work.ts";

export const resume: Command = {
  name: "resume",
  summary: "Go on with a stopped run, from its last checkpoint, with the same bits.",
  positionals: "<run folder>",
  details: "On another device than before, the last digits differ.",
  options: {
    ...deviceOptions,
    backend: { ...deviceOptions.backend, help: deviceOptions.backend.help.replace("Default auto.", "Default: the run's.") },
    threads: { ...deviceOptions.threads, help: "Threads of the wasm device. Default: the run's." },
  },
  async run(args) {
    const path = onlyPositional(args, "run folder");
    const json = args.values.json === true;
    const searchFile = await readSearchFile(path);
    if (searchFile) {
      await using folder = await RunFolder.open(path, { resume: true });
      console.error(`the search resumed in ${folder.path}`);
      return await runSearch(searchFile, { folder, json });
    }
    const agent = await readTaskRun(path);
    if (agent) {
      await using device = await openNamedDevice(deviceSettings(args, agent.settings));
      await using folder = await RunFolder.open(path, { resume: true });
      console.error(`${agent.task.title}, on ${describeDevice(device)}, resumed in ${folder.path}`);
      return await trainTask(agent, { device, folder, resume: true, json });
    }
    const { settings: saved, ...run } = await readRunFile(path);
    if (await fileExists(join(path, compressionName))) {
      throw new UsageError(
        `expected a run to go on with, got one that dl compress made: ${path}. It is finished; resume the run it came from.`,
      );
    }
    const settings = { ...saved, ...deviceSettings(args, saved) };
    await using device = await openNamedDevice(settings);
    await using folder = await RunFolder.open(path, { resume: true });
    console.error(`${describeRun({ ...run, settings })}, on ${describeDevice(device)}, resumed in ${folder.path}`);
    // Awaited here: device and folder close when this function ends.
    return await work({ ...run, settings }, { device, folder, resume: true, json });
  },
};
