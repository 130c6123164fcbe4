/** The images and labels of a split, out of IDX files: what MNIST and Fashion-MNIST share. */

import { DataError, formatShape } from "@dl/core";
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

/** Reads a split of a source kept in the four files of MNIST. */
export async function readIdxSplit(source: Source, classNames: readonly string[], options: SplitOptions): Promise<ImageDataset> {
  const prefix = options.split === "train" ? "train" : "t10k";
  const imagesName = `${prefix}-images-idx3-ubyte`;
  const labelsName = `${prefix}-labels-idx1-ubyte`;
  const files = await readSource(source, [imagesName, labelsName], options);
  const images = parseIdx(files.get(imagesName)!, { name: imagesName });
  const labels = parseIdx(files.get(labelsName)!, { name: labelsName });
  if (!(images.data instanceof Uint8Array) || images.shape.length !== 3) {
    throw new DataError(`${source.name}: expected ${imagesName} to hold bytes [N, H, W], got ${images.type} ${formatShape(images.shape)}.`);
  }
  return arrayDataset(
    {
      images: byteColumn(images.data, [...images.shape, 1]),
      labels: { shape: labels.shape, dtype: "int32", data: Int32Array.from(labels.data) },
    },
    { classNames },
  );
}
