/** Mirrors images left to right. */

import { OptionError } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface FlipOptions {
  /** How many of the images, from 0 to 1. Default 0.5. */
  probability?: number | undefined;
}

/** Mirrors each image with the given probability, in place. Random: `batches` needs an `rng`. */
export function flip({ probability = 0.5 }: FlipOptions = {}): Transform<ImageBatch> {
  if (!(probability >= 0 && probability <= 1)) throw new OptionError(`flip: expected a probability from 0 to 1, got ${probability}.`);
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf("flip", batch);
    for (let row = 0; row < count; row++) {
      if (rng(row).float() >= probability) continue;
      for (let y = 0; y < height; y++) {
        let left = (row * height + y) * width * channels;
        for (let right = left + (width - 1) * channels; left < right; left += channels, right -= channels) {
          for (let c = 0; c < channels; c++) {
            const swap = data[left + c]!;
            data[left + c] = data[right + c]!;
            data[right + c] = swap;
          }
        }
      }
    }
  };
}
