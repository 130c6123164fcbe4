/** The files of a folder that has one subfolder a class. */

import { readdir } from "node:fs/promises";
import { extname, join, sep } from "node:path";
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

/** Subfolders sorted by name; PNG, JPEG and BMP files in them, at any depth, sorted by path. */
export async function listClasses(folder: string): Promise<ClassFiles> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`imageFolder: expected to read the folder ${folder}, got ${error.code}.`);
  });
  const classNames = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort();
  if (classNames.length === 0) throw new DataError(`imageFolder: expected ${folder} to have one subfolder a class, got none.`);
  const files: { path: string; label: number }[] = [];
  const skipped: SkippedFile[] = [];
  for (const [label, className] of classNames.entries()) {
    const inside = await readdir(join(folder, className), { recursive: true, withFileTypes: true });
    const names = inside.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    // By code units with one separator: the same order on every system.
    const key = (path: string): string => path.split(sep).join("/");
    for (const path of names.sort((a, b) => (key(a) < key(b) ? -1 : 1))) {
      const extension = extname(path).toLowerCase();
      if (extensions.includes(extension)) files.push({ path, label });
      else skipped.push({ path, reason: `expected a PNG, a JPEG or a BMP by its name, got "${extension}"` });
    }
  }
  return { classNames, files, skipped };
}
