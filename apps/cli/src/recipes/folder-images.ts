/** The images in a user's folder, divided for training: read from the disk, checked once, and kept as far as memory should go. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError, Rng } from "@dl/core";
import { split, subset } from "@dl/data";
import { type LazyImageFolder, lazyImageFolder, type SkippedFile } from "@dl/data/node";
import type { RunFolder } from "@dl/train/node";
import { splitFolders } from "../split-folders.ts";
import type { LabelledImages } from "./recipe.ts";
import type { TaskRun } from "./task-recipe.ts";

export interface FolderImages {
  readonly classNames: readonly string[];
  readonly train: LabelledImages;
  readonly validation: LabelledImages;
  readonly test: LabelledImages;
  /** Files that were left out: of another kind, or damaged. */
  readonly skipped: readonly SkippedFile[];
}

export interface FolderImagesOptions {
  /** Images are cropped to squares of so many pixels a side. */
  imageSize: number;
  signal: AbortSignal;
}

/** How files become squares, in training and whenever the network is used. */
export const folderFit = "crop";

/** Decoded images in memory at the most; the rest is decoded again in every epoch. */
const keptBytes = 2 ** 30;

/**
 * The folder in three. Subfolders train, test, and val or validation are taken as they are; what is missing is held back from train, or from
 * the whole: a fifth for the test, then a tenth of the rest for validation. Only as many images of each as `--limit` says are read. A damaged
 * one is a DataError, or left out with `--corrupt skip`.
 */
export async function loadFolderImages(
  { settings }: Pick<TaskRun, "settings">,
  { imageSize, signal }: FolderImagesOptions,
): Promise<FolderImages> {
  const folder = settings.inputs!.data!;
  const rng = new Rng(settings.seed);
  const skipped: SkippedFile[] = [];
  await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`finetune-folder: expected to read the folder ${folder}, got ${error.code}.`);
  });
  const splits = await splitFolders(folder);
  const open = (path: string): Promise<LazyImageFolder> =>
    lazyImageFolder(path, { width: imageSize, height: imageSize, fit: folderFit, keepBytes: keptBytes });
  const read = async (images: LazyImageFolder): Promise<LabelledImages> => {
    for (const file of images.skipped) skipped.push(file);
    const order = Int32Array.from(images.paths, (_, i) => i);
    const isPart = settings.limit !== null && settings.limit < images.length;
    const chosen = isPart ? rng.fork("limit").permutation(images.length).slice(0, settings.limit!).sort() : order;
    return wholeImages(images, { chosen, corrupt: settings.corrupt ?? "raise", skipped, signal });
  };
  const apart = (dataset: LabelledImages, share: number, name: string) =>
    split(dataset, { fractions: { rest: 1 - share, part: share }, rng: rng.fork(name), stratify: "labels" });
  if (splits !== undefined && splits.train === undefined) {
    throw new DataError(`${folder}: expected a subfolder train beside ${Object.values(splits).join(", ")}, got none.`);
  }
  const all = await open(splits === undefined ? folder : join(folder, splits.train!));
  const given = async (name: string | undefined): Promise<LazyImageFolder | undefined> => {
    const images = name === undefined ? undefined : await open(join(folder, name));
    if (images !== undefined && all.classNames.join() !== images.classNames.join()) {
      throw new DataError(
        `finetune-folder: expected the same classes in train and ${name} of ${folder}, got ${all.classNames.join(", ")} and ${images.classNames.join(", ")}.`,
      );
    }
    return images;
  };
  // Every folder is listed before the first image is read: what does not fit is said at once.
  const [givenValidation, givenTest] = [await given(splits?.validation), await given(splits?.test)];
  const whole = await read(all);
  const { rest, part: test } = givenTest ? { rest: whole, part: await read(givenTest) } : apart(whole, 0.2, "test");
  const { rest: train, part: validation } = givenValidation ? { rest, part: await read(givenValidation) } : apart(rest, 0.1, "validation");
  return checked({ classNames: all.classNames, train, validation, test, skipped }, folder);
}

interface WholeImagesOptions {
  /** Which images. */
  readonly chosen: Int32Array;
  readonly corrupt: "raise" | "skip";
  /** Takes in what is left out. */
  readonly skipped: SkippedFile[];
  readonly signal: AbortSignal;
}

/** Reads every chosen image once: training must not meet a damaged one in its third hour. */
async function wholeImages(images: LazyImageFolder, { chosen, corrupt, skipped, signal }: WholeImagesOptions): Promise<LabelledImages> {
  const whole: number[] = [];
  for (const index of chosen) {
    signal.throwIfAborted();
    try {
      await images.getBatchAsync!(Int32Array.of(index), {});
      whole.push(index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (corrupt === "raise") throw new DataError(`${error.message} Mend or delete it, or leave such files out with --corrupt skip.`);
      skipped.push({ path: images.paths[index]!, reason: error.message });
    }
  }
  return subset(images, whole);
}

/** Says what was left out of a run, and lists it in its folder. */
export async function writeSkipped(skipped: readonly SkippedFile[], folder: RunFolder): Promise<void> {
  const [first] = skipped;
  if (first === undefined) return;
  console.error(`left out ${skipped.length} files, listed in ${folder.file(skippedName)}; the first: ${first.path}: ${first.reason}`);
  await folder.write(skippedName, `${JSON.stringify(skipped, null, 2)}\n`);
}

const skippedName = "skipped.json";

function checked(data: FolderImages, folder: string): FolderImages {
  const { classNames, train, validation, test } = data;
  if (classNames.length < 2 || Math.min(train.length, validation.length, test.length) === 0) {
    throw new DataError(
      `finetune-folder: expected at least two classes, and enough images for training, validation and test in ${folder}, got ${classNames.length} classes and ${train.length}, ${validation.length} and ${test.length} images.`,
    );
  }
  return data;
}
