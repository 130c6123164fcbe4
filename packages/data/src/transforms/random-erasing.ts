/** Blanks a random rectangle. Zhong, Zheng, Kang, Li, Yang 2017, arXiv:1708.04896, algorithm 1. */

import { OptionError } from "@dl/core";
import { eachImage } from "./float-image.ts";
import { checkProbability, checkRange, drawRange, type Range } from "./range.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface RandomErasingOptions {
  /** How many of the images, from 0 to 1. Default 0.5. */
  probability?: number | undefined;
  /** Share of the image that is blanked. Default `[0.02, 0.33]`. */
  area?: Range | undefined;
  /** Height over width. Default `[0.3, 3.3]`. */
  aspect?: Range | undefined;
  /** A number, or noise of the standard normal distribution for every pixel. Default 0. */
  value?: number | "noise" | undefined;
}

/** Fills one rectangle of each image with the given probability, in place; it lies inside. Random: `batches` needs an `rng`. */
export function randomErasing(options: RandomErasingOptions = {}): Transform<ImageBatch> {
  const { probability = 0.5, area = [0.02, 0.33], aspect = [0.3, 3.3], value = 0 } = options;
  checkProbability("randomErasing", probability);
  checkRange("randomErasing: area", area, { least: 0, most: 1 });
  checkRange("randomErasing: aspect", aspect, { least: Number.MIN_VALUE });
  if (value !== "noise" && typeof value !== "number")
    throw new OptionError(`randomErasing: expected a number or "noise", got ${String(value)}.`);
  return eachImage("randomErasing", ({ data, height, width, channels }, stream) => {
    const rng = stream();
    if (rng.float() >= probability) return;
    // A shape that does not fit is drawn again; ten times, as torchvision does.
    for (let attempt = 0; attempt < 10; attempt++) {
      const pixels = drawRange(rng, area) * height * width;
      const ratio = Math.exp(drawRange(rng, [Math.log(aspect[0]), Math.log(aspect[1])]));
      const boxHeight = Math.round(Math.sqrt(pixels * ratio));
      const boxWidth = Math.round(Math.sqrt(pixels / ratio));
      if (boxHeight >= height || boxWidth >= width || boxHeight < 1 || boxWidth < 1) continue;
      const top = rng.integer(0, height - boxHeight + 1);
      const left = rng.integer(0, width - boxWidth + 1);
      const noise = value === "noise" ? rng.normal([boxHeight * boxWidth * channels]).data : undefined;
      for (let y = 0; y < boxHeight; y++) {
        const start = ((top + y) * width + left) * channels;
        if (noise === undefined) data.fill(value as number, start, start + boxWidth * channels);
        else data.set(noise.subarray(y * boxWidth * channels, (y + 1) * boxWidth * channels), start);
      }
      return;
    }
  });
}
