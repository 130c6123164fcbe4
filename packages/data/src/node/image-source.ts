/** The images and labels of a split, out of IDX files: what MNIST and Fashion-MNIST share. */

import { DataError, OptionError } from "@dl/core";
import { type ArrayDataset, arrayDataset } from "../datasets/array-dataset.ts";
import { byteColumn } from "../datasets/byte-column.ts";
import { parseIdx } from "../idx.ts";
import { readSource, type SourceOptions } from "./cache.ts";
import type { Source } from "./source.ts";

export interface SplitOptions extends SourceOptions {
  split: "train" | "test";
}

/** Images float32 `[H, W, C]` in [0, 1], kept as bytes; labels int32. */
export type ImageDataset = ArrayDataset<"images" | "labels">;

/** Reads a split of a source kept in four IDX files named as those of MNIST: grey images are `[N, H, W]`, colour images `[N, H, W, 3]`. */
export async function readIdxSplit(source: Source, classNames: readonly string[], options: SplitOptions): Promise<ImageDataset> {
  const { split } = options;
  if (split !== "train" && split !== "test")
    throw new OptionError(`${source.name}: expected split "train" or "test", got ${String(split)}.`);
  const names = source.files.map(({ name }) => name).filter((name) => name.startsWith(split === "train" ? "train-" : "t10k-"));
  const imagesName = names.find((name) => name.includes("-images-"))!;
  const labelsName = names.find((name) => name.includes("-labels-"))!;
  const files = await readSource(source, names, options);
  const images = parseIdx(files.get(imagesName)!, { name: imagesName });
  const labels = parseIdx(files.get(labelsName)!, { name: labelsName });
  if (!(images.data instanceof Uint8Array))
    throw new DataError(`${source.name}: expected ${imagesName} to hold bytes, got ${images.type}.`);
  const shape = images.shape.length === 3 ? [...images.shape, 1] : images.shape;
  return arrayDataset(
    {
      images: byteColumn(images.data, shape),
      labels: { shape: labels.shape, dtype: "int32", data: Int32Array.from(labels.data) },
    },
    { classNames },
  );
}
