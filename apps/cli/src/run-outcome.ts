/** What a run measured, kept in its `run.json` beside what it is: what `pnpm results` prints, whatever the task. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import type { Metrics } from "@dl/train";
import type { RunFolder } from "@dl/train/node";
import { runFileName } from "./run.ts";

/** What a metric must reach. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One number, and what it should have been. */
export interface RunResult {
  /** Such as `test/loss`, or words. */
  readonly name: string;
  readonly value: number;
  /** Null where nothing was promised. */
  readonly floor: number | null;
  /** Which way is better; null where neither is. */
  readonly better: "higher" | "lower" | null;
}

/** How a run ended. */
export interface RunOutcome {
  /** Of its section in docs/results.md, below `training/`: lower-case letters, digits, `-` and `/`. */
  readonly name: string;
  /** For its heading: `GPT on the characters of Tiny Shakespeare`. */
  readonly title: string;
  /** Makes the run again. */
  readonly command: string;
  readonly seed: number;
  readonly device: string;
  /** Of work, those before an interruption included; null where they are not known. */
  readonly seconds: number | null;
  readonly steps: number;
  readonly results: readonly RunResult[];
}

/** Every metric, in order, with its goal where there is one. */
export function resultsOf(metrics: Metrics, goals: Readonly<Record<string, Goal>> = {}): RunResult[] {
  const unknown = Object.keys(goals).filter((name) => !(name in metrics));
  if (unknown.length > 0) {
    throw new DataError(
      `resultsOf: expected a metric for each goal, got none for ${unknown.join(", ")} in ${Object.keys(metrics).join(", ")}.`,
    );
  }
  return Object.entries(metrics).map(([name, value]) => {
    const goal = goals[name];
    if (goal === undefined) return { name, value, floor: null, better: null };
    return "atLeast" in goal
      ? { name, value, floor: goal.atLeast, better: "higher" }
      : { name, value, floor: goal.atMost, better: "lower" };
  });
}

/** Whether a result is as good as it should be; undefined where nothing was promised. */
export function reached({ value, floor, better }: RunResult): boolean | undefined {
  if (floor === null || better === null) return undefined;
  return better === "higher" ? value >= floor : value <= floor;
}

/** Adds the outcome to the folder's `run.json`, in the place of one from before. */
export async function writeOutcome(folder: RunFolder, outcome: RunOutcome): Promise<void> {
  const run = JSON.parse(await readFile(folder.file(runFileName), "utf8")) as object;
  await folder.write(runFileName, `${JSON.stringify({ ...run, outcome: { ...outcome, node: process.version } }, null, 2)}\n`);
}

/** The outcome in a folder's `run.json`; undefined for a run that has none (yet). Throws a DataError when it is not one of ours. */
export async function readOutcome(folder: string): Promise<KeptOutcome | undefined> {
  const path = join(folder, runFileName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${path}: expected a run that dl train made, got ${error.code ?? error.message}.`);
  });
  const { outcome } = parse(text) ?? {};
  if (outcome === undefined) return undefined;
  const { results = [] } = outcome;
  const words = [outcome.name, outcome.title, outcome.command, outcome.device, outcome.node];
  const fits = (result: RunResult): boolean => typeof result.name === "string" && typeof result.value === "number";
  if (!words.every((word) => typeof word === "string") || results.length === 0 || !results.every(fits)) {
    throw new DataError(`${path}: expected an outcome with its name, title, command, device and results, got another. Was it edited?`);
  }
  return outcome;
}

function parse(text: string): { outcome?: KeptOutcome } | undefined {
  try {
    return JSON.parse(text) as { outcome?: KeptOutcome };
  } catch {
    return undefined;
  }
}

/** Without where this machine keeps its runs: of an absolute path, its last two names. */
export function withoutPlaces(command: string): string {
  return command.replace(/(?<=")\/[^"]*?([^/"]+\/[^/"]+)(?=")/g, "…/$1").replace(/(?<= )\/\S*?([^/\s]+\/[^/\s]+)(?=\s|$)/g, "…/$1");
}

export type KeptOutcome = RunOutcome & { readonly node: string };

/**
 * The section of docs/results.md: one run, or the same with several seeds, whose means are told; a floor is met when each of them meets it.
 *
 * @throws DataError for runs that differ in more than their seeds.
 */
export function formatOutcome(first: KeptOutcome, others: readonly KeptOutcome[] = []): string {
  const { title, device, node, steps, results } = first;
  const all = [first, ...others];
  checkSeeds(all);
  const rows = results.map(({ name, floor, better }, i) => {
    const each = all.map((run) => run.results[i]!);
    const value = formatNumber(each.reduce((sum, result) => sum + result.value, 0) / all.length);
    const goal = floor === null ? "" : `${better === "higher" ? "≥" : "≤"} ${formatNumber(floor)}`;
    const verdict = goal === "" ? "" : each.every(reached) ? "met" : "MISSED";
    const bySeed = others.length === 0 ? "" : ` ${each.map((result) => formatNumber(result.value)).join(", ")} |`;
    return `| ${name} | ${goal === "" ? value : `**${value}**`} | ${goal} | ${verdict} |${bySeed}`;
  });
  const seeds = all.map(({ seed }) => seed).join(", ");
  const seconds = all.every((run) => run.seconds !== null) ? ` in ${all.map((run) => Math.round(run.seconds!)).join(", ")} s` : "";
  const [heads, rules] = others.length === 0 ? ["", ""] : [` seeds ${seeds} |`, " --- |"];
  return [
    `## ${title}`,
    "",
    `| measured | ${others.length === 0 ? "value" : "mean"} | floor | |${heads}`,
    `| --- | ---: | ---: | --- |${rules}`,
    ...rows,
    "",
    `Trained by \`${withoutPlaces(first.command)}\`${others.length === 0 ? "" : `, and so with the other seeds,`}${seconds}, ${steps} steps, on ${device}, Node ${node}; the machine had other work. Written by \`pnpm results\` from what the run measured at its end.`,
  ].join("\n");
}

/** The command without the seed, which has to be the same. */
const unseeded = ({ command, seed }: RunOutcome): string => withoutPlaces(command).replace(` --seed ${seed}`, "");

function checkSeeds([first, ...others]: readonly KeptOutcome[]): void {
  const seen = new Set([first!.seed]);
  for (const other of others) {
    const names = (run: RunOutcome): string => run.results.map(({ name }) => name).join();
    if (unseeded(other) !== unseeded(first!) || names(other) !== names(first!)) {
      throw new DataError(`formatOutcome: expected runs that differ in their seeds alone, got ${first!.command} and ${other.command}.`);
    }
    if (seen.has(other.seed)) throw new DataError(`formatOutcome: expected a seed once, got ${other.seed} twice: ${other.command}.`);
    seen.add(other.seed);
  }
}

/** Four digits, and no rounding of whole numbers. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}
