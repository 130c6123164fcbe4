/** The user's own pictures: a folder with a subfolder a class, read in the page and kept there. */

import { DataError, Rng } from "@dl/core";
import type { LabelledBytes } from "./shard-format.ts";

/** Side in pixels of the squares that pictures are scaled to. */
export const folderImageSize = 32;
/** More would not fit a page. */
const mostImages = 4000;
const leastPerClass = 2;
/** Share of each class that is held back to test on. */
const testShare = 0.2;

export interface FolderImages {
  readonly classNames: readonly string[];
  readonly train: LabelledBytes;
  readonly test: LabelledBytes;
  readonly statistics: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] };
  /** Names of files that are no pictures a browser reads. */
  readonly unreadable: readonly string[];
}

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
 * @throws DataError for fewer than two classes, or classes with too few pictures.
 */
export async function readImageFolder(
  picked: readonly PickedFile[],
  { onProgress }: { onProgress?: (share: number) => void } = {},
): Promise<FolderImages> {
  const byClass = new Map<string, PickedFile[]>();
  for (const { path, file } of picked) {
    const parts = path.split("/");
    const name = parts.at(-2);
    if (name === undefined || file.name.startsWith(".") || !/\.(png|jpe?g|webp|gif|bmp|avif)$/i.test(file.name)) continue;
    byClass.set(name, [...(byClass.get(name) ?? []), { path, file }]);
  }
  const classNames = [...byClass.keys()].sort();
  if (classNames.length < 2) {
    throw new DataError(
      `A folder for training has a subfolder a class (cats/, dogs/) with pictures in each; got ${classNames.length === 0 ? "no pictures" : `only "${classNames[0]}"`}.`,
    );
  }
  const total = Math.min(picked.length, mostImages);
  const unreadable: string[] = [];
  const images: { readonly pixels: Uint8Array; readonly label: number }[] = [];
  for (const [label, name] of classNames.entries()) {
    for (const { path, file } of byClass.get(name)!.slice(0, Math.ceil(mostImages / classNames.length))) {
      try {
        images.push({ pixels: await squarePixels(file, folderImageSize), label });
      } catch {
        unreadable.push(path);
      }
      onProgress?.(images.length / total);
    }
    const count = images.filter((image) => image.label === label).length;
    if (count < leastPerClass)
      throw new DataError(`Each class needs at least ${leastPerClass} pictures that can be read, "${name}" has ${count}.`);
  }
  const train: typeof images = [];
  const test: typeof images = [];
  const rng = new Rng(0).fork("test images");
  for (const label of classNames.keys()) {
    const own = images.filter((image) => image.label === label);
    const order = rng.fork(`class ${label}`).permutation(own.length);
    const held = Math.max(1, Math.round(testShare * own.length));
    for (const [i, at] of order.entries()) (i < held ? test : train).push(own[at]!);
  }
  return { classNames, train: joined(train), test: joined(test), statistics: statisticsOf(train.map(({ pixels }) => pixels)), unreadable };
}

/** The middle square of a picture as `size · size · 3` bytes. */
export async function squarePixels(source: Blob, size: number): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(source);
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  // Transparent pictures lie on white, as they do on most pages.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, size, size);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, size, size);
  bitmap.close();
  const { data } = context.getImageData(0, 0, size, size);
  return Uint8Array.from({ length: 3 * size * size }, (_, i) => data[4 * Math.floor(i / 3) + (i % 3)]!);
}

function joined(images: readonly { readonly pixels: Uint8Array; readonly label: number }[]): LabelledBytes {
  const size = images[0]!.pixels.length;
  const bytes = new Uint8Array(images.length * size);
  for (const [i, { pixels }] of images.entries()) bytes.set(pixels, i * size);
  return { images: bytes, labels: Uint8Array.from(images, ({ label }) => label) };
}

/** Mean and deviation of each channel, in [0, 1]. */
function statisticsOf(images: readonly Uint8Array[]): FolderImages["statistics"] {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let count = 0;
  for (const pixels of images) {
    for (let i = 0; i < pixels.length; i++) {
      const value = pixels[i]! / 255;
      sums[i % 3]! += value;
      squares[i % 3]! += value * value;
    }
    count += pixels.length / 3;
  }
  const mean = sums.map((sum) => sum / count);
  return { mean, standardDeviation: squares.map((square, c) => Math.max(0.01, Math.sqrt(Math.max(0, square / count - mean[c]! ** 2)))) };
}
