/** The files of a folder that has one subfolder a class. */

import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join, sep } from "node:path";
import { DataError } from "@dl/core";

/** A file that is no example, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ClassFiles {
  readonly classNames: string[];
  readonly files: { path: string; label: number }[];
  readonly skipped: SkippedFile[];
}

const extensions = [".png", ".jpg", ".jpeg", ".bmp"];

/**
 * Subfolders sorted by name; PNG, JPEG and BMP files in them, at any depth, sorted by path. Links are followed; one that leads nowhere, or
 * to a folder it is in itself, is skipped.
 */
export async function listClasses(folder: string): Promise<ClassFiles> {
  const skipped: SkippedFile[] = [];
  const root = await listFolder(folder, { above: [], skipped });
  const classes = root.folders.filter(({ path }) => !basename(path).startsWith("."));
  if (classes.length === 0) throw new DataError(`imageFolder: expected ${folder} to have one subfolder a class, got none.`);
  const files: { path: string; label: number }[] = [];
  for (const [label, { path, above }] of classes.entries()) {
    for (const file of await filesWithin(path, { above, skipped })) {
      const extension = extname(file).toLowerCase();
      if (extensions.includes(extension)) files.push({ path: file, label });
      else skipped.push({ path: file, reason: `expected a PNG, a JPEG or a BMP by its name, got "${extension}"` });
    }
  }
  return { classNames: classes.map(({ path }) => basename(path)), files, skipped };
}

interface Folder {
  readonly path: string;
  /** Real paths of the folders around it. */
  readonly above: readonly string[];
}

interface Listing {
  readonly above: readonly string[];
  /** Takes in what is left out. */
  readonly skipped: SkippedFile[];
}

async function filesWithin(folder: string, { above, skipped }: Listing): Promise<string[]> {
  const { files, folders } = await listFolder(folder, { above, skipped });
  for (const inner of folders) for (const file of await filesWithin(inner.path, { above: inner.above, skipped })) files.push(file);
  return files.sort(byCodeUnits);
}

/** What is in one folder, sorted by name, each link as what it leads to. */
async function listFolder(folder: string, { above, skipped }: Listing): Promise<{ files: string[]; folders: Folder[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`imageFolder: expected to read the folder ${folder}, got ${error.code}.`);
  });
  const around = [...above, await realpath(folder)];
  const files: string[] = [];
  const folders: Folder[] = [];
  for (const entry of entries.sort((a, b) => byCodeUnits(a.name, b.name))) {
    const path = join(folder, entry.name);
    let kind: { isFile(): boolean; isDirectory(): boolean } = entry;
    if (entry.isSymbolicLink()) {
      try {
        kind = await stat(path);
        if (kind.isDirectory() && around.includes(await realpath(path))) {
          skipped.push({ path, reason: "expected a link to a folder it is not in itself, got a circle" });
          continue;
        }
      } catch (error) {
        skipped.push({ path, reason: `expected a link to what is there, got ${(error as NodeJS.ErrnoException).code}` });
        continue;
      }
    }
    if (kind.isDirectory()) folders.push({ path, above: around });
    else if (kind.isFile()) files.push(path);
  }
  return { files, folders };
}

/** With one separator: the same order on every system. */
function byCodeUnits(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => path.split(sep).join("/")) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}
