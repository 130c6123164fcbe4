/** The files of a folder that has one subfolder a class. */

import { readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join, sep } from "node:path";
import { DataError, OptionError } from "@dl/core";

/** A file that is no example, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface ListClassesOptions {
  /** Labels count these names. Default: those of the subfolders, sorted, each of which must have a file. */
  classNames?: readonly string[] | undefined;
}

export interface ClassFiles {
  readonly classNames: readonly string[];
  readonly files: { path: string; label: number }[];
  readonly skipped: SkippedFile[];
}

const extensions = [".png", ".jpg", ".jpeg", ".bmp"];

/**
 * Subfolders sorted by name; PNG, JPEG and BMP files in them, at any depth, sorted by path. Links are followed; one that leads nowhere, or
 * to a folder it is in itself, is skipped.
 *
 * @throws DataError without a subfolder, for one that is not among `classNames`, or, without those, for one that has no file.
 */
export async function listClasses(folder: string, { classNames }: ListClassesOptions = {}): Promise<ClassFiles> {
  if (classNames !== undefined && (classNames.length === 0 || new Set(classNames).size !== classNames.length)) {
    throw new OptionError(`imageFolder: expected classNames to be different names, at least one, got [${classNames.join(", ")}].`);
  }
  const skipped: SkippedFile[] = [];
  const root = await listFolder(folder, { above: [], skipped });
  const classes = root.folders.filter(({ path }) => !basename(path).startsWith("."));
  if (classes.length === 0) throw new DataError(`imageFolder: expected ${folder} to have one subfolder a class, got none.`);
  const names = classes.map(({ path }) => basename(path));
  const numbered = classNames ?? names;
  const strange = names.filter((name) => !numbered.includes(name));
  if (strange.length > 0) {
    throw new DataError(
      `imageFolder: expected the subfolders of ${folder} to be among classNames (${numbered.join(", ")}), got ${strange.join(", ")} too. Add them to classNames, or move them away.`,
    );
  }
  const files: { path: string; label: number }[] = [];
  const empty: string[] = [];
  for (const [i, { path, above }] of classes.entries()) {
    const label = numbered.indexOf(names[i]!);
    const before = files.length;
    for (const file of await filesWithin(path, { above, skipped })) {
      const extension = extname(file).toLowerCase();
      if (extensions.includes(extension)) files.push({ path: file, label });
      else skipped.push({ path: file, reason: `expected a PNG, a JPEG or a BMP by its name, got "${extension}"` });
    }
    if (files.length === before) empty.push(names[i]!);
  }
  if (classNames === undefined && empty.length > 0) {
    throw new DataError(
      `imageFolder: expected a PNG, a JPEG or a BMP in every subfolder of ${folder}, each a class, got none in ${empty.join(", ")}. Remove what is no class, or pass classNames, of which a folder may lack some.`,
    );
  }
  return { classNames: [...numbered], files, skipped };
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
