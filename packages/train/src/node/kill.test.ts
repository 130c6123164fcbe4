import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseCsv } from "../csv.ts";
import { fit } from "../fit.ts";
import { backends, onDevice, optionsOf, Subject } from "../run-fixture.ts";
import { Checkpoints, checkpointName, resumeFrom } from "./checkpoints.ts";
import { CsvLog } from "./csv-log.ts";
import { RunFolder } from "./run-folder.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dl-kill-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

/** Runs the fixture, kills it (SIGKILL) `milliseconds` after it has saved `saves` times, and returns the last step it told of. */
async function trainAndKill(path: string, { resume, saves, milliseconds }: { resume: boolean; saves: number; milliseconds: number }) {
  const script = new URL("./kill-fixture.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=@dl/source", "--import", "tsx", script, path, ...(resume ? ["resume"] : [])], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  let last = -1;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++lines === saves) setTimeout(() => child.kill("SIGKILL"), milliseconds);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode, errors).toBe("SIGKILL");
  return last;
}

test("killed in the midst of saving, again and again: the last good checkpoint loads, and the run ends with the bits of one never killed", async () => {
  const path = join(parent, "killed");
  const told: number[] = [];
  // A save takes a millisecond or two: odd delays hit different parts of it.
  for (const [round, milliseconds] of [0.4, 3, 7.7].entries()) {
    told.push(await trainAndKill(path, { resume: round > 0, saves: 3 + 4 * round, milliseconds }));
  }
  expect(told).toEqual([...told].sort((a, b) => a - b));

  await onDevice(backends[0]!.open(), async (device) => {
    const finish = async (folder: RunFolder, isResumed: boolean) => {
      using subject = new Subject();
      const resume = isResumed ? await resumeFrom(folder.file(checkpointName), subject) : undefined;
      const epochs = Math.ceil(told.at(-1)! / 6) + 1;
      const callbacks = [new CsvLog(folder.file("metrics.csv")), new Checkpoints({ folder })];
      const { history } = await fit({ ...optionsOf(subject, device), epochs, callbacks, ...(resume && { resume }) });
      const { rows } = parseCsv(readFileSync(folder.file("metrics.csv"), "utf8"));
      return {
        from: resume?.state.step,
        bits: await subject.bits(),
        history: history.map(({ metrics, step }) => ({ metrics, step })),
        steps: rows.map(([step]) => step),
      };
    };
    await using folder = await RunFolder.open(path, { resume: true });
    // What the killed process had begun to write is gone.
    expect(readdirSync(path).sort()).toEqual([".lock", checkpointName, "metrics.csv"]);
    const { from, ...killed } = await finish(folder, true);
    // What was told is on the disk; what was written after it may be.
    expect(from).toBeGreaterThanOrEqual(told.at(-1)!);
    await using other = await RunFolder.open(join(parent, "whole"));
    const { from: _, ...whole } = await finish(other, false);
    expect(killed).toEqual(whole);
  });
}, 120_000);
