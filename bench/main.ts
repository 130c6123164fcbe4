/** pnpm bench: what @dl costs beside its peers, in one run on one machine. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { resultsFile, writeSection } from "@dl/tooling/results";
import { cases } from "./cases.ts";
import { root } from "./contestants/contestant.ts";
import { parseOptions, usage } from "./options.ts";
import { type BenchReport, engineName } from "./report/bench-report.ts";
import { markdown, textTable } from "./report/table.ts";
import { runBench } from "./run.ts";

async function main(inputs: readonly string[]): Promise<number> {
  const options = parseOptions(inputs);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const report = await runBench(options, { inputs, onCase: ({ title }) => process.stderr.write(`${title} …\n`) });
  process.stdout.write(`${options.json ? JSON.stringify(report) : textTable(report.cases)}\n`);
  // Only a full run speaks for the whole table.
  const full = !options.quick && options.cases.length === cases.length;
  const out = options.out ?? (full ? join(root, "bench", "results", `${engineName(report)}.json`) : undefined);
  if (out !== undefined) await writeReport(out, report);
  if (full) await writeSection(resultsFile, { name: `bench/${engineName(report)}`, body: markdown(report) });

  const missed = report.cases.flatMap(({ name, floors }) => floors.filter(({ met }) => met !== true).map((floor) => ({ name, ...floor })));
  for (const { name, floor, value, met } of missed) {
    process.stderr.write(
      met === undefined ? `not judged: ${name}: ${floor}\n` : `missed: ${name}: ${floor}, got ${value.toPrecision(3)}\n`,
    );
  }
  // A floor that nobody judged is not one that was met.
  return options.check && missed.length > 0 ? 1 : 0;
}

async function writeReport(file: string, report: BenchReport): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, rounded, 1)}\n`);
}

/** Nobody reads the tenth digit of a time. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
