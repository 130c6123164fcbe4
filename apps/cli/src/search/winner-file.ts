/** `winner.json`: what a search found, for `dl train --winner`; `winner.ts` beside it is the same as a constant, for code. */

import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "@dl/core";
import type { Candidate, Genotype, Measurements } from "@dl/nas";

const format = "dl-winner-1";
export const winnerName = "winner.json";

/** A search by its folder, for names of sections: `runs/search-cell-cifar10-1/winner.json` is `search-cell-cifar10-1`. */
export const searchSlug = (file: string): string =>
  basename(dirname(resolve(file)))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** What was searched: a recipe with a preset, or a module. */
export type SearchTarget = { readonly recipe: string; readonly preset: string } | { readonly module: string };

interface WinnerFile {
  readonly format: string;
  readonly target: SearchTarget;
  readonly genotype: Genotype;
  readonly measurements: Measurements;
  /** Node's version that searched. */
  readonly node: string;
}

export function formatWinner(
  target: SearchTarget,
  { candidate, measurements }: { candidate: Candidate<unknown>; measurements: Measurements },
): string {
  const { genotype, value } = candidate;
  return `${JSON.stringify({ format, target, genotype, value, measurements, node: process.version }, null, 2)}\n`;
}

/** The candidate in a file, or in the folder of a search. Throws a DataError when it is none, or was found for another recipe. */
export async function readWinner(
  path: string,
  { recipe, preset }: { recipe: string; preset: string },
): Promise<{ file: string; genotype: Genotype }> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, winnerName) : path;
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${file}: expected what dl search found, got ${error.code ?? error.message}.`);
  });
  const { target, genotype } = parse(file, text);
  const found = "recipe" in target ? `${target.recipe}, preset ${target.preset}` : target.module;
  if (!("recipe" in target) || target.recipe !== recipe || target.preset !== preset) {
    throw new DataError(`${file}: expected what was found for ${recipe}, preset ${preset}, got ${found}.`);
  }
  return { file, genotype };
}

function parse(file: string, text: string): WinnerFile {
  let value: Partial<WinnerFile> | null;
  try {
    value = JSON.parse(text) as Partial<WinnerFile> | null;
  } catch {
    value = null;
  }
  const { target, genotype } = value ?? {};
  const isWhole =
    value?.format === format &&
    typeof target === "object" &&
    target !== null &&
    typeof genotype === "object" &&
    genotype !== null &&
    Object.values(genotype).every((number) => typeof number === "number" && Number.isFinite(number));
  if (!isWhole) throw new DataError(`${file}: expected format ${format} with a candidate, got another file. Was it edited?`);
  return value as WinnerFile;
}
