/** Image files as a model's recipe wants them. */

import { readFile } from "node:fs/promises";
import { DataError, type HostTensor } from "@dl/core";
import { decodeImage, resizeImage } from "@dl/data";
import type { RecipeData } from "./recipes/recipe.ts";

/** A file's pixels in [0, 1], in the size and channels the model was trained on. */
export async function readImage(path: string, data: RecipeData): Promise<HostTensor> {
  const file = await readFile(path).catch((error: Error) => {
    throw new DataError(`${path}: expected an image file, got ${error.message}.`);
  });
  return imageOf(file, { data, name: path });
}

/** The same of a file's bytes; `name` is for errors. */
export function imageOf(
  file: Uint8Array,
  { data: { imageShape }, name }: { readonly data: Pick<RecipeData, "imageShape">; readonly name: string },
): HostTensor {
  const [height, width, channels] = imageShape;
  const image = resizeImage(decodeImage(file, { channels: channels as 1 | 3, name }), { width, height });
  return { shape: [height, width, channels], dtype: "float32", data: Float32Array.from(image.data, (byte) => byte / 255) };
}
