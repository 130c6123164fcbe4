/** Image files as a model's recipe wants them. */

import { readFile } from "node:fs/promises";
import { DataError, type HostTensor } from "@dl/core";
import { decodeImage, resizeImage } from "@dl/data";

/** A file's pixels in [0, 1], in the size and channels the model was trained on. */
export async function readImage(path: string, { imageShape }: Pick<ImageOfOptions, "imageShape">): Promise<HostTensor> {
  const file = await readFile(path).catch((error: Error) => {
    throw new DataError(`${path}: expected an image file, got ${error.message}.`);
  });
  return imageOf(file, { imageShape, name: path });
}

export interface ImageOfOptions {
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  /** For errors. */
  readonly name: string;
  /** Larger files are refused. Default 100 million. */
  readonly maximumPixels?: number;
}

/** The same of a file's bytes. */
export function imageOf(file: Uint8Array, { imageShape, name, maximumPixels }: ImageOfOptions): HostTensor {
  const [height, width, channels] = imageShape;
  const image = resizeImage(decodeImage(file, { channels: channels as 1 | 3, name, maximumPixels }), { width, height });
  return { shape: [height, width, channels], dtype: "float32", data: Float32Array.from(image.data, (byte) => byte / 255) };
}
