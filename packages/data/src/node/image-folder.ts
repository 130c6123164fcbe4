/** A folder of PNG, JPEG and BMP files as a dataset: every subfolder is a class. */

import { readFile } from "node:fs/promises";
import { DataError, OptionError } from "@dl/core";
import { type ArrayDataset, arrayDataset } from "../datasets/array-dataset.ts";
import { byteColumn } from "../datasets/byte-column.ts";
import { cropToAspect } from "../images/crop.ts";
import { decodeImage } from "../images/decode-image.ts";
import { resizeImage } from "../images/resize.ts";
import { listClasses, type SkippedFile } from "./list-classes.ts";

export interface ImageFolderOptions {
  /** Every image is brought to this size, in pixels. */
  width: number;
  height: number;
  /** 1 reads grey, 3 colour. Default 3. */
  channels?: 1 | 3 | undefined;
  /**
   * Labels count these names: give a test folder the `classNames` of the training folder, and a class it lacks shifts none of the others.
   * Default: the names of the subfolders, each of which must have an image.
   */
  classNames?: readonly string[] | undefined;
  /** Images of another aspect ratio: squeezed, or cropped around the middle. Default `"stretch"`. */
  fit?: "stretch" | "crop" | undefined;
  /** A file that cannot be decoded: an error, or left out and listed in `skipped`. Default `"raise"`. */
  corrupt?: "raise" | "skip" | undefined;
  /** Called after each file. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Images float32 `[height, width, channels]` in [0, 1], kept as bytes; labels int32, the subfolder's place in `classNames`. */
export interface ImageFolder extends ArrayDataset<"images" | "labels"> {
  readonly classNames: readonly string[];
  /** Path of each example. */
  readonly paths: readonly string[];
  /** Files that were left out: of another kind, or damaged. */
  readonly skipped: readonly SkippedFile[];
}

/**
 * Reads a folder with one subfolder a class, sorted by name, files in them at any depth, sorted by path. Everything is decoded here, once,
 * and kept as bytes: `N · height · width · channels` of memory.
 *
 * @throws DataError when there is no class or no image, for a class without an image, one that is not among `classNames`, or a
 * damaged file unless `corrupt` is `"skip"`.
 */
export async function imageFolder(folder: string, options: ImageFolderOptions): Promise<ImageFolder> {
  const { width, height, channels = 3, fit = "stretch", corrupt = "raise", onProgress } = options;
  for (const size of [width, height]) {
    if (!Number.isInteger(size) || size < 1)
      throw new OptionError(`imageFolder: expected a whole width and height, got ${width} × ${height}.`);
  }
  const { classNames, files, skipped } = await listClasses(folder, options);
  const size = height * width * channels;
  const bytes = new Uint8Array(files.length * size);
  const labels: number[] = [];
  const paths: string[] = [];
  for (const [done, { path, label }] of files.entries()) {
    try {
      const image = decodeImage(await readFile(path), { channels, name: path });
      const shown = fit === "crop" ? cropToAspect(image, { width, height }) : image;
      bytes.set(resizeImage(shown, { width, height }).data, paths.length * size);
      paths.push(path);
      labels.push(label);
    } catch (error) {
      if (corrupt === "raise" || !(error instanceof DataError)) throw error;
      skipped.push({ path, reason: error.message });
    }
    onProgress?.(done + 1, files.length);
  }
  if (paths.length === 0) {
    throw new DataError(
      `imageFolder: expected at least one PNG, JPEG or BMP in the subfolders of ${folder}, got none (${skipped.length} other files).`,
    );
  }
  const images = byteColumn(bytes.subarray(0, paths.length * size), [paths.length, height, width, channels]);
  const dataset = arrayDataset(
    { images, labels: { shape: [labels.length], dtype: "int32", data: Int32Array.from(labels) } },
    { classNames },
  );
  return { ...dataset, classNames, paths, skipped };
}
