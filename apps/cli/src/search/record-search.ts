/** A search as a section of docs/results.md: what was searched, how long, and what it found. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import type { Genotype, Measurements, TrialRecord } from "@dl/nas";
import type { Section } from "@dl/tooling/results";
import { journalName, type SearchFile, searchCommandLine } from "./search-file.ts";
import { openTarget } from "./target.ts";
import { searchSlug, winnerName } from "./winner-file.ts";

/** What the journal holds; undefined for a search without trials. */
async function readJournal(folder: string): Promise<readonly TrialRecord[] | undefined> {
  const text = await readFile(join(folder, journalName), "utf8").catch(() => undefined);
  return text
    ?.split("\n")
    .slice(1, -1)
    .map((line) => JSON.parse(line) as TrialRecord);
}

/** Throws a DataError for a search that has not ended. */
export async function searchSection(folder: string, file: SearchFile): Promise<Section> {
  const text = await readFile(join(folder, winnerName), "utf8").catch(() => {
    throw new DataError(`${folder}: expected a search that has ended, got one without a winner. Go on with: pnpm dl resume ${folder}`);
  });
  const { genotype, measurements, node } = JSON.parse(text) as { genotype: Genotype; measurements: Measurements; node?: string };
  const { problem } = await openTarget(file, { folder: null });
  const trials = await readJournal(folder);
  const failed = trials?.filter((trial) => trial.measurements === null).length ?? 0;
  const seconds = trials && Math.round(trials.reduce((sum, trial) => sum + trial.seconds, 0));
  const { strategy, seed } = file.settings;
  const columns: (readonly [string, string])[] = [
    ["strategy", strategy],
    ...(trials
      ? ([
          ["trials", String(trials.length)],
          ["failed", String(failed)],
          ["time of the trials", `${seconds} s`],
        ] as const)
      : []),
    ...Object.entries(measurements).map(([name, value]) => [`best: ${name}`, String(Number(value.toPrecision(5)))] as const),
    ["candidates in the space", problem.space.size === Infinity ? "∞" : String(problem.space.size)],
    ["seed", String(seed)],
    // Older searches do not say.
    ...(node === undefined ? [] : [["Node", node] as const]),
  ];
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const domains = new Map(problem.space.decisions("").map(({ path, domain }) => [path, domain]));
  const found = Object.entries(genotype).map(([path, number]) => {
    const domain = domains.get(path)!;
    return `${path} = ${domain.kind === "choice" ? domain.labels[number] : Number(number.toPrecision(4))}`;
  });
  const body = [
    `## Search: ${problem.title}, ${strategy}`,
    "",
    row(columns.map(([name]) => name)),
    row(columns.map(() => "---")),
    row(columns.map(([, value]) => value)),
    "",
    `Found: ${found.join(", ")}. Measured on examples held back from training, not on the test set; the machine had other work. Searched by \`${searchCommandLine(file)}\`; written by \`pnpm results\`.`,
  ].join("\n");
  return {
    name: `search/${searchSlug(join(folder, winnerName))}`,
    body,
  };
}
