/** Reads pairs of images, and checks them. */

import { DataError, formatShape, type HostTensor, OptionError, ShapeError } from "@dl/core";
import { requireSameSize } from "../numbers.ts";

/** Images and what they should be: `[H, W, C]`, or `[N, H, W, C]`. */
export interface ImagePairInputs {
  readonly images: HostTensor;
  readonly references: HostTensor;
}

export interface ImageRangeOptions {
  /** Largest value less smallest that a pixel may have: 255 for bytes, 1 for shares, 2 for −1 … 1. */
  readonly range: number;
}

export interface ImagePairs {
  readonly images: ArrayLike<number>;
  readonly references: ArrayLike<number>;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export function readImagePairs(where: string, { images, references }: ImagePairInputs): ImagePairs {
  requireSameSize(where, ["images", images], ["references", references]);
  const { shape } = images;
  const [count, height, width, channels] = shape.length === 3 ? [1, ...shape] : shape;
  if ((shape.length !== 3 && shape.length !== 4) || images.data.length === 0) {
    throw new ShapeError(`${where}: expected images [H, W, C] or [N, H, W, C], at least one, got ${formatShape(shape)}.`);
  }
  for (const [name, { data }] of [
    ["images", images],
    ["references", references],
  ] as const) {
    for (let i = 0; i < data.length; i++) {
      if (!Number.isFinite(data[i])) throw new DataError(`${where}: expected finite pixels in ${name}, got ${data[i]} at ${i}.`);
    }
  }
  return { images: images.data, references: references.data, count: count!, height: height!, width: width!, channels: channels! };
}

export function requireRange(where: string, range: number): void {
  if (!(range > 0 && range < Infinity))
    throw new OptionError(`${where}: expected a range above 0 (255 for bytes, 1 for shares), got ${range}.`);
}
