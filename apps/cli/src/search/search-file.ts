/** `search.json`: what a search is, so that it can be resumed and repeated. */

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";
import { type StoppingName, stoppingNames } from "./stopping.ts";
import type { SearchTarget } from "./winner-file.ts";

export const searchFileName = "search.json";
export const journalName = "journal.jsonl";

/** Everything the command line settles. */
export interface SearchSettings {
  readonly strategy: string;
  readonly seed: number;
  readonly workers: number;
  /** When it ends; null for no such limit. */
  readonly trials: number | null;
  readonly seconds: number | null;
  readonly budget: number | null;
  /** Measured beside the main objective, each with its direction. */
  readonly objectives: readonly string[];
  /** Which trials end early, for want of promise. */
  readonly stopping: StoppingName;
  /** Of one trial of a recipe; null for what the recipe says. */
  readonly epochs: number | null;
  readonly limit: number | null;
  readonly backend: string;
  readonly threads: number | null;
  /** The address of a Redis server whose workers run the trials; null for threads of this process. */
  readonly queue: string | null;
  /** A folder that all of them reach, for weights that trials go on from; null for none. */
  readonly shared: string | null;
}

export interface SearchFile {
  /** Names this search among all others: it finds its own jobs in the queue again, and no other does. */
  readonly run: string;
  readonly target: SearchTarget;
  readonly settings: SearchSettings;
}

const format = "dl-search-run-1";

export function formatSearchFile(file: SearchFile): string {
  return `${JSON.stringify({ format, ...file }, null, 2)}\n`;
}

/** The search in `folder`; undefined if there is none. Throws a DataError for one that was edited. */
export async function readSearchFile(folder: string): Promise<SearchFile | undefined> {
  const path = join(folder, searchFileName);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const broken = new DataError(`${path}: expected format ${format} with a target and its settings, got others. Was it edited?`);
  let file: Partial<SearchFile & { format: string }> | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    throw broken;
  }
  const { target, settings } = file ?? {};
  // What searches of before lack.
  const { median = false, stopping = median ? "median" : "none", shared = null } = (settings ?? {}) as OlderSettings;
  const { run = randomUUID() } = file ?? {};
  const isTarget = typeof target === "object" && target !== null && ("recipe" in target || "module" in target);
  const isWhole = file?.format === format && isTarget && typeof settings?.strategy === "string" && Number.isSafeInteger(settings.seed);
  if (!isWhole || !Number.isSafeInteger(settings.workers) || !Array.isArray(settings.objectives)) throw broken;
  if (typeof run !== "string" || !stoppingNames.includes(stopping) || (shared !== null && typeof shared !== "string")) throw broken;
  return { run, target, settings: { ...settings, stopping, shared } };
}

type OlderSettings = Partial<Pick<SearchSettings, "stopping" | "shared">> & { readonly median?: boolean };

/** The command that makes this search again. */
export function searchCommandLine({ target, settings }: SearchFile): string {
  const words = ["pnpm dl search", "recipe" in target ? `${target.recipe} --preset ${target.preset}` : target.module];
  words.push(`--strategy ${settings.strategy}`, `--seed ${settings.seed}`, `--workers ${settings.workers}`);
  for (const name of ["trials", "seconds", "budget", "epochs", "limit", "threads"] as const) {
    if (settings[name] !== null) words.push(`--${name} ${settings[name]}`);
  }
  if (settings.objectives.length > 0) words.push(`--objectives ${settings.objectives.join(",")}`);
  if (settings.stopping !== "none") words.push(`--stopping ${settings.stopping}`);
  if (settings.backend !== "auto") words.push(`--backend ${settings.backend}`);
  if (settings.queue !== null) words.push(`--queue ${settings.queue}`);
  if (settings.shared !== null) words.push(`--shared ${settings.shared}`);
  return words.join(" ");
}
