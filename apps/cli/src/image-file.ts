/** Image files as a model's recipe wants them. */

import { readFile } from "node:fs/promises";
import { DataError, type HostTensor } from "@dl/core";
import { cropToAspect, decodeImage, resizeImage } from "@dl/data";

/** A file's pixels in [0, 1], in the size and channels the model was trained on, fitted as its training images were. */
export async function readImage(
  path: string,
  { imageShape, imageFit }: Pick<ImageOfOptions, "imageShape" | "imageFit">,
): Promise<HostTensor> {
  const file = await readFile(path).catch((error: Error) => {
    throw new DataError(`${path}: expected an image file, got ${error.message}.`);
  });
  return imageOf(file, { imageShape, imageFit, name: path });
}

export interface ImageOfOptions {
  /** `[height, width, channels]` */
  readonly imageShape: readonly [number, number, number];
  /** How a file of another shape becomes one of this: its largest part in the middle that has it, or all of it, squeezed. Default `"stretch"`. */
  readonly imageFit?: "crop" | "stretch" | undefined;
  /** For errors. */
  readonly name: string;
  /** Larger files are refused. Default 100 million. */
  readonly maximumPixels?: number;
}

/** The same of a file's bytes. */
export function imageOf(file: Uint8Array, { imageShape, imageFit = "stretch", name, maximumPixels }: ImageOfOptions): HostTensor {
  const [height, width, channels] = imageShape;
  const decoded = decodeImage(file, { channels: channels as 1 | 3, name, maximumPixels });
  const image = resizeImage(imageFit === "crop" ? cropToAspect(decoded, { width, height }) : decoded, { width, height });
  return { shape: [height, width, channels], dtype: "float32", data: Float32Array.from(image.data, (byte) => byte / 255) };
}
