/** A folder of PNG, JPEG and BMP files, read from the disk when they are asked for: for more images than memory holds. */

import { readFileSync } from "node:fs";
import { DataError, OptionError } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { cropToAspect } from "../images/crop.ts";
import { decodeImage } from "../images/decode-image.ts";
import { resizeImage } from "../images/resize.ts";
import { listClasses, type SkippedFile } from "./list-classes.ts";

/** What a decoder is asked for. */
export interface FolderImageSize {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly fit: "stretch" | "crop";
  /** The path, for error messages. */
  readonly name: string;
}

/** Makes bytes `[height, width, channels]` of a file; rejects with a `DataError` for a damaged one. */
export type FolderDecoder = (file: Uint8Array, size: FolderImageSize) => Promise<Uint8Array>;

export interface LazyImageFolderOptions {
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
  /** Decoded images are kept in memory, those read first, up to so many bytes: what many passes read is decoded once. Default 0. */
  keepBytes?: number | undefined;
  /** Used by batch workers: `await openSharpDecoder()` is several times as fast. Default: the decoders of this package. */
  decoder?: FolderDecoder | undefined;
}

/** Images float32 `[height, width, channels]` in [0, 1]; labels int32, the subfolder's place in `classNames`. */
export interface LazyImageFolder extends Dataset<Example<"images" | "labels">> {
  readonly classNames: readonly string[];
  /** Path of each example. */
  readonly paths: readonly string[];
  /** Files of another kind. */
  readonly skipped: readonly SkippedFile[];
}

/**
 * Lists a folder as `imageFolder` does, but reads nothing yet. A damaged file is a `DataError` when it is read: give `batches` an
 * `onDamaged` to leave it out.
 *
 * @throws DataError when there is no class or no image, for a class without an image, or one that is not among `classNames`.
 */
export async function lazyImageFolder(folder: string, options: LazyImageFolderOptions): Promise<LazyImageFolder> {
  const { width, height, channels = 3, fit = "stretch", keepBytes = 0, decoder } = options;
  for (const size of [width, height]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new OptionError(`lazyImageFolder: expected a whole width and height, got ${width} × ${height}.`);
    }
  }
  if (!(keepBytes >= 0)) throw new OptionError(`lazyImageFolder: expected keepBytes of at least 0, got ${keepBytes}.`);
  const { classNames, files, skipped } = await listClasses(folder, options);
  if (files.length === 0) {
    throw new DataError(
      `lazyImageFolder: expected at least one PNG, JPEG or BMP in the subfolders of ${folder}, got none (${skipped.length} other files).`,
    );
  }
  const shape = [height, width, channels];
  const sizeOf = (name: string): FolderImageSize => ({ width, height, channels, fit, name });
  const fileAt = (index: number): { path: string; label: number } => {
    const file = files[index];
    if (file === undefined) throw new DataError(`Dataset.get: expected an index from 0 to ${files.length - 1}, got ${index}.`);
    return file;
  };
  const size = height * width * channels;
  // What `get` gives does not depend on who read before: another decoder's pixels are others.
  const [kept, decoded] = [new KeptImages(keepBytes), decoder && new KeptImages(keepBytes)];
  const pixelsOf = (index: number): Uint8Array => {
    const { path } = fileAt(index);
    return kept.get(index) ?? kept.keep(index, decodeSized(guardedRead(path), sizeOf(path)));
  };
  const pixelsAsync = async (index: number): Promise<Uint8Array> => {
    const { path } = fileAt(index);
    const own = decoded ?? kept;
    const known = own.get(index);
    if (known !== undefined) return known;
    // At once, not in the background: that costs as much as a third of decoding, and what is read already is being decoded meanwhile.
    const file = guardedRead(path);
    return own.keep(index, decoder === undefined ? decodeSized(file, sizeOf(path)) : await decoder(file, sizeOf(path)));
  };
  return {
    length: files.length,
    classNames,
    paths: files.map(({ path }) => path),
    skipped,
    get: (index) => {
      const { label } = fileAt(index);
      const data = new Float32Array(size);
      toUnit(pixelsOf(index), data);
      return { images: { shape, dtype: "float32", data }, labels: { shape: [], dtype: "int32", data: Int32Array.of(label) } };
    },
    getBatchAsync: async (indices, { onDamaged }) => {
      const results = await Promise.allSettled(Array.from(indices, pixelsAsync));
      const read: number[] = [];
      const pixels: Uint8Array[] = [];
      for (const [i, result] of results.entries()) {
        if (result.status === "fulfilled") {
          read.push(indices[i]!);
          pixels.push(result.value);
        } else if (onDamaged === undefined || !(result.reason instanceof DataError)) throw result.reason;
        else onDamaged(result.reason, indices[i]!);
      }
      if (read.length === 0) return { batch: undefined, kept: Int32Array.of() };
      const data = new Float32Array(read.length * size);
      for (const [i, bytes] of pixels.entries()) toUnit(bytes, data.subarray(i * size, (i + 1) * size));
      const labels = Int32Array.from(read, (index) => fileAt(index).label);
      return {
        batch: {
          images: { shape: [read.length, ...shape], dtype: "float32", data },
          labels: { shape: [read.length], dtype: "int32", data: labels },
        },
        kept: Int32Array.from(read),
      };
    },
    column: (field) =>
      field === "labels" ? { shape: [files.length], dtype: "int32", data: Int32Array.from(files, ({ label }) => label) } : undefined,
  };
}

/** Images as bytes, the first that come, as many as fit. */
class KeptImages {
  readonly #images = new Map<number, Uint8Array>();
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  get(index: number): Uint8Array | undefined {
    return this.#images.get(index);
  }

  /** Gives the image back. */
  keep(index: number, image: Uint8Array): Uint8Array {
    if (image.length <= this.#room && !this.#images.has(index)) {
      this.#room -= image.length;
      this.#images.set(index, image);
    }
    return image;
  }
}

/** The decoder of this package: `decodeImage`, cropped and resized. */
export function decodeSized(file: Uint8Array, { width, height, channels, fit, name }: FolderImageSize): Uint8Array {
  const image = decodeImage(file, { channels, name });
  return resizeImage(fit === "crop" ? cropToAspect(image, { width, height }) : image, { width, height }).data;
}

/** Every byte over 255; looked up, which takes two thirds of the time of multiplying and rounding. */
const units = Float32Array.from({ length: 256 }, (_, byte) => byte * (1 / 255));

function toUnit(bytes: Uint8Array, data: Float32Array): void {
  for (let i = 0; i < data.length; i++) data[i] = units[bytes[i]!]!;
}

function guardedRead(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    return unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): never {
  throw new DataError(`lazyImageFolder: expected to read ${path}, got ${error instanceof Error ? error.message : String(error)}.`);
}
