/** Mirrors images left to right, or top to bottom. */

import { OptionError } from "@dl/core";
import { imagesOf } from "./image-batch.ts";
import { mirrorImage, mirrorImageDown } from "./mirror-image.ts";
import { checkProbability } from "./range.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface FlipOptions {
  /** How many of the images, from 0 to 1. Default 0.5. */
  probability?: number | undefined;
  /** `"horizontal"` changes left and right, `"vertical"` top and bottom. Default `"horizontal"`. */
  direction?: "horizontal" | "vertical" | undefined;
}

/** Mirrors each image with the given probability, in place. Random: `batches` needs an `rng`. */
export function flip({ probability = 0.5, direction = "horizontal" }: FlipOptions = {}): Transform<ImageBatch> {
  checkFlip("flip", { probability, direction });
  const mirror = direction === "horizontal" ? mirrorImage : mirrorImageDown;
  return (batch, { rng }) => {
    const images = imagesOf("flip", batch);
    for (let row = 0; row < images.count; row++) if (rng(row).float() < probability) mirror(images, row);
  };
}

export function checkFlip(where: string, { probability, direction }: { probability: number; direction: string }): void {
  checkProbability(where, probability);
  if (direction !== "horizontal" && direction !== "vertical") {
    throw new OptionError(`${where}: expected the direction "horizontal" or "vertical", got ${String(direction)}.`);
  }
}
