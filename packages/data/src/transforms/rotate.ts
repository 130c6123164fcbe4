/** Turns, moves, enlarges and shears images. Simard, Steinkraus, Platt 2003, section 2; torchvision's `RandomRotation`, `RandomAffine`. */

import { OptionError } from "@dl/core";
import { eachImage } from "./float-image.ts";
import { checkRange, drawRange, type Range } from "./range.ts";
import type { ImageBatch, Transform } from "./transform.ts";
import { affineMap, warp } from "./warp.ts";

export interface RotateOptions {
  /** Turned by up to as much, either way; in degrees. */
  degrees: number;
  /** What lies outside. Default 0. */
  fill?: number | undefined;
}

/** Turns each image around its centre by an angle drawn from [−degrees, degrees], in place. Random: `batches` needs an `rng`. */
export function rotate({ degrees, fill }: RotateOptions): Transform<ImageBatch> {
  return affine({ degrees, fill });
}

export interface AffineOptions {
  /** Turned by up to as much, either way; in degrees. Default 0. */
  degrees?: number | undefined;
  /** Moved by up to this share of the width and of the height, either way. Default `[0, 0]`. */
  translate?: readonly [number, number] | undefined;
  /** Enlarged by a factor of this range. Default `[1, 1]`. */
  scale?: Range | undefined;
  /** Sheared along the rows by up to as many degrees, either way. Default 0. */
  shear?: number | undefined;
  /** What lies outside. Default 0. */
  fill?: number | undefined;
}

/** Turns, moves, enlarges and shears each image, in place, between pixels by bilinear interpolation. Random: `batches` needs an `rng`. */
export function affine(options: AffineOptions): Transform<ImageBatch> {
  const { degrees = 0, translate = [0, 0], scale = [1, 1], shear = 0, fill = 0 } = options;
  if (!(degrees >= 0) || !(shear >= 0 && shear < 90)) {
    throw new OptionError(`affine: expected degrees of at least 0 and a shear from 0 to below 90, got ${degrees} and ${shear}.`);
  }
  for (const share of translate) checkRange("affine: translate", [0, share], { least: 0, most: 1 });
  checkRange("affine: scale", scale, { least: Number.MIN_VALUE });
  return eachImage("affine", (image, stream) => {
    const rng = stream();
    const angle = drawRange(rng, [-degrees, degrees]);
    const moved = [
      drawRange(rng, [-translate[0], translate[0]]) * image.width,
      drawRange(rng, [-translate[1], translate[1]]) * image.height,
    ] as const;
    const parts = {
      angle,
      translate: moved,
      scale: drawRange(rng, scale),
      shear: [Math.tan((drawRange(rng, [-shear, shear]) * Math.PI) / 180), 0] as const,
    };
    warp(image, affineMap(image, parts), { fill });
  });
}
