/** Mirrors images left to right. */

import { OptionError } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import { mirrorImage } from "./mirror-image.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface FlipOptions {
  /** How many of the images, from 0 to 1. Default 0.5. */
  probability?: number | undefined;
}

/** Mirrors each image with the given probability, in place. Random: `batches` needs an `rng`. */
export function flip({ probability = 0.5 }: FlipOptions = {}): Transform<ImageBatch> {
  if (!(probability >= 0 && probability <= 1)) throw new OptionError(`flip: expected a probability from 0 to 1, got ${probability}.`);
  return (batch, { rng }) => {
    const images = imagesOf("flip", batch);
    for (let row = 0; row < images.count; row++) if (rng(row).float() < probability) mirrorImage(images, row);
  };
}
