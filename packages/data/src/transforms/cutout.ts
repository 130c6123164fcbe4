/** Blanks a random square. DeVries and Taylor 2017, arXiv:1708.04552. */

import { OptionError } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface CutoutOptions {
  /** Side of the square in pixels. */
  size: number;
  /** What the square is filled with. Default 0: after `normalize`, the mean, as in the paper. */
  value?: number | undefined;
}

/**
 * Fills one square of each image, in place. Its centre is any pixel, so that it may lie half outside, as section 3.2 of the paper
 * finds better. Random: `batches` needs an `rng`.
 */
export function cutout({ size, value = 0 }: CutoutOptions): Transform<ImageBatch> {
  if (!Number.isInteger(size) || size < 1) throw new OptionError(`cutout: expected a whole size of at least 1, got ${size}.`);
  return (batch, { rng }) => {
    const { data, count, height, width, channels } = imagesOf("cutout", batch);
    for (let image = 0; image < count; image++) {
      const stream = rng(image);
      const top = stream.integer(0, height) - (size >> 1);
      const left = stream.integer(0, width) - (size >> 1);
      const from = Math.max(0, left) * channels;
      const to = Math.min(width, left + size) * channels;
      for (let y = Math.max(0, top); y < Math.min(height, top + size); y++) {
        const row = (image * height + y) * width * channels;
        data.fill(value, row + from, row + to);
      }
    }
  };
}
