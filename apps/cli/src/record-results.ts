/**
 * Writes training runs into docs/results.md: `pnpm results <run folder> …`.
 *
 * A run of any task says in its `run.json` what it measured. An image classifier's accuracy is not taken on trust: the saved model is
 * evaluated again, here and now. Runs of a task that differ in their seeds alone are one section, with their means.
 */

import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "@dl/core";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { classifierSection } from "./classifier-section.ts";
import { isTaskRun } from "./run.ts";
import { readRunFile } from "./run-file.ts";
import { formatOutcome, type KeptOutcome, readOutcome } from "./run-outcome.ts";
import { searchSection } from "./search/record-search.ts";
import { readSearchFile } from "./search/search-file.ts";

const cli = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Evaluated {
  readonly device: string;
  readonly metrics: Readonly<Record<"test/loss" | "test/accuracy", number>>;
}

/** What `dl evaluate --json` says of the run's model. */
function evaluateRun(folder: string): Evaluated {
  const node = ["--conditions=@dl/source", "--import", "tsx", cli, "evaluate", folder, "--json"];
  return JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })) as Evaluated;
}

/** Epochs, steps and seconds, from the last row of each epoch in `metrics.csv`. */
async function readMetrics(folder: string): Promise<{ epochs: number; steps: number; seconds: number }> {
  const [header = "", ...rows] = (await readFile(join(folder, "metrics.csv"), "utf8")).trim().split(/\r?\n/);
  const column = (name: string): number[] => rows.map((row) => Number(row.split(",")[header.split(",").indexOf(name)]));
  return { epochs: rows.length, steps: Math.max(...column("step")), seconds: column("seconds").reduce((sum, value) => sum + value, 0) };
}

async function recordClassifier(folder: string): Promise<void> {
  const run = await readRunFile(folder);
  if (isTaskRun(run))
    throw new DataError(`${folder}: expected a run that has ended, got one without an outcome. Go on with: pnpm dl resume`);
  const { device, metrics } = evaluateRun(folder);
  const section = classifierSection(run, { ...(await readMetrics(folder)), device, metrics });
  await writeSection(resultsFile, section);
  console.log(section.name);
}

const outcomes = new Map<string, KeptOutcome[]>();
for (const folder of process.argv.slice(2)) {
  const searched = await readSearchFile(folder);
  if (searched) {
    const section = await searchSection(folder, searched);
    await writeSection(resultsFile, section);
    console.log(section.name);
    continue;
  }
  const outcome = await readOutcome(folder);
  if (outcome === undefined) await recordClassifier(folder);
  else outcomes.set(outcome.name, [...(outcomes.get(outcome.name) ?? []), outcome]);
}
for (const [name, [first, ...others]] of outcomes) {
  await writeSection(resultsFile, { name: `training/${name}`, body: formatOutcome(first!, others) });
  console.log(`${name}: ${first!.results.map(({ name, value }) => `${name} ${value}`).join(", ")}`);
}
