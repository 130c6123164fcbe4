/** Which subfolders of a folder are its splits: as PyTorch's tutorials, Hugging Face and Roboflow name them. */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "@dl/core";

const splitNames = { train: ["train"], validation: ["validation", "val", "valid"], test: ["test"] } as const;

/** The name of the folder of each split there is. */
export type SplitFolders = Partial<Record<keyof typeof splitNames, string>>;

/**
 * A split is named so and has subfolders: the classes. What is named so and holds its files itself may be a class, of trains, but not
 * where all are named so.
 *
 * @returns Nothing where the subfolders are classes.
 * @throws DataError where it cannot be told, and where two folders are of one split.
 */
export async function splitFolders(folder: string): Promise<SplitFolders | undefined> {
  const inside = await subfolders(folder);
  const named = inside.filter((name) => Object.values(splitNames).some((names: readonly string[]) => names.includes(name)));
  const splits: string[] = [];
  for (const name of named) if ((await subfolders(join(folder, name))).length > 0) splits.push(name);
  if (splits.length === 0) {
    if (named.length === 0 || named.length < inside.length) return undefined;
    throw new DataError(
      `${folder}: expected subfolders named after classes, or splits with such subfolders, got ${named.join(", ")}, which name splits and have no subfolders.`,
    );
  }
  const others = inside.filter((name) => !named.includes(name));
  if (splits.length === 1 && others.length > 0) {
    throw new DataError(
      `${folder}: expected either classes or splits, got ${splits[0]}, which has subfolders as a split has, beside ${others.join(", ")}. Rename it, or move the others.`,
    );
  }
  const found: SplitFolders = {};
  for (const split of Object.keys(splitNames) as (keyof typeof splitNames)[]) {
    const own = splits.filter((name) => (splitNames[split] as readonly string[]).includes(name));
    if (own.length > 1) throw new DataError(`${folder}: expected one subfolder for ${split}, got ${own.join(", ")}.`);
    if (own.length === 1) found[split] = own[0]!;
  }
  return found;
}

/** Names of the folders in a folder, links to folders too, sorted; hidden ones are left out. */
async function subfolders(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    // A link may lead nowhere: that is no folder.
    const found = name.startsWith(".") ? undefined : await stat(join(folder, name)).catch(() => undefined);
    if (found?.isDirectory()) names.push(name);
  }
  return names;
}
