/** Mirrors every image in every other epoch. Jordan 2024, arXiv:2404.00498, section 3.6. */

import { type Rng, threefry2x32 } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import { mirrorImage } from "./mirror-image.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface AlternatingFlipOptions {
  /** Number of the epoch at hand, from 0: asked for at each batch. */
  epoch: () => number;
  /** Decides which half of the images is mirrored in the even epochs; the others are in the odd ones. */
  rng: Rng;
}

/**
 * In two epochs a network sees each image from both sides, where `flip` shows a quarter of them twice as they are and a quarter twice mirrored.
 * Which side comes first depends on `rng` and the example's number alone.
 *
 * @example no-run
 * let epoch = 0;
 * const transform = alternatingFlip({ epoch: () => epoch, rng: rng.fork("flip") });
 */
export function alternatingFlip({ epoch, rng }: AlternatingFlipOptions): Transform<ImageBatch> {
  const key = rng.nextKey();
  const words = new Int32Array(2);
  return (batch, { indices }) => {
    const images = imagesOf("alternatingFlip", batch);
    const odd = epoch() & 1;
    for (let row = 0; row < images.count; row++) {
      threefry2x32(key[0], key[1], [0, indices[row]!], words, 0);
      if ((words[0]! & 1) !== odd) mirrorImage(images, row);
    }
  };
}
