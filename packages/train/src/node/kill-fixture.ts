/** For tests: a process that trains and saves after every step until it is killed. Prints the step after each save. */

import { join } from "node:path";
import { cpu } from "@dl/backend-cpu";
import { openDevice } from "@dl/core";
import { fit } from "../fit.ts";
import { optionsOf, Subject } from "../run-fixture.ts";
import { Checkpoints, checkpointName, resumeFrom } from "./checkpoints.ts";
import { CsvLog } from "./csv-log.ts";
import { RunFolder } from "./run-folder.ts";

const [path = "", mode] = process.argv.slice(2);
await using folder = await RunFolder.open(path, { resume: mode === "resume" });
await using device = await openDevice(cpu());
using subject = new Subject();
const checkpoints = new Checkpoints({ folder, everySeconds: 0 });
await fit({
  ...optionsOf(subject, device),
  epochs: 1000,
  callbacks: [
    new CsvLog(join(folder.path, "metrics.csv")),
    checkpoints,
    { name: "tell", onPause: ({ step }) => void process.stdout.write(`${step}\n`) },
  ],
  ...(mode === "resume" && { resume: await resumeFrom(folder.file(checkpointName), subject) }),
});
