/** A folder of the user's own pictures, with a subfolder a class. */

import { DataError } from "@dl/core";
import { leastPerClass, mostOwnImages, type OwnPictures, ownImageSize, requireFew } from "./own-pictures.ts";
import { squarePixels } from "./square-pixels.ts";

/** A file and the path it had in the folder, such as `pets/cat/1.jpg`. */
export interface PickedFile {
  readonly path: string;
  readonly file: File;
}

/** Files of a drop: folders are walked. */
export async function droppedFiles(items: DataTransferItemList): Promise<PickedFile[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: PickedFile[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push({ path: entry.fullPath.replace(/^\//, ""), file });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // A reader gives a hundred entries at a time, and none at the end.
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const child of some) await walk(child);
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

/**
 * Reads the pictures, scaled and cut to squares.
 *
 * @returns beside them the names of files that are no pictures a browser reads.
 * @throws DataError for fewer than two classes, too many, or classes with too few pictures.
 */
export async function readImageFolder(
  picked: readonly PickedFile[],
  { onProgress }: { onProgress?: (share: number) => void } = {},
): Promise<{ readonly pictures: OwnPictures; readonly unreadable: readonly string[] }> {
  const byClass = new Map<string, PickedFile[]>();
  for (const { path, file } of picked) {
    const parts = path.split("/");
    const name = parts.at(-2);
    if (name === undefined || file.name.startsWith(".") || !/\.(png|jpe?g|webp|gif|bmp|avif)$/i.test(file.name)) continue;
    const own = byClass.get(name);
    if (own) own.push({ path, file });
    else byClass.set(name, [{ path, file }]);
  }
  const classNames = [...byClass.keys()].sort();
  if (classNames.length < 2) {
    throw new DataError(
      `A folder for training has a subfolder a class (cats/, dogs/) with pictures in each; got ${classNames.length === 0 ? "no pictures" : `only "${classNames[0]}"`}.`,
    );
  }
  requireFew(classNames);
  const total = Math.min(picked.length, mostOwnImages);
  const unreadable: string[] = [];
  const pictures = new Map<string, Uint8Array[]>();
  let read = 0;
  for (const name of classNames) {
    const own: Uint8Array[] = [];
    for (const { path, file } of byClass.get(name)!.slice(0, Math.floor(mostOwnImages / classNames.length))) {
      try {
        own.push(await squarePixels(file, ownImageSize));
      } catch {
        unreadable.push(path);
      }
      onProgress?.(++read / total);
    }
    if (own.length < leastPerClass)
      throw new DataError(`Each class needs at least ${leastPerClass} pictures that can be read, "${name}" has ${own.length}.`);
    pictures.set(name, own);
  }
  return { pictures, unreadable };
}
