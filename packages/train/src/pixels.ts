/** Images as bytes, and as PNG files. */

import { type HostTensor, OptionError, ShapeError } from "@dl/core";
import { encode } from "fast-png";

/** An image of 8-bit samples, row-major `[height, width, channels]`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly data: Uint8Array;
}

/** The values that become black and white. */
export interface PixelRange {
  /** Default 0. */
  readonly low?: number;
  /** Default 1. */
  readonly high?: number;
}

/** A host tensor `[H, W]` or `[H, W, C]` as an image: `low` … `high` becomes 0 … 255, values outside are clipped, NaN becomes 0. */
export function pixelsOf(image: HostTensor, { low = 0, high = 1 }: PixelRange = {}): Pixels {
  const [height, width, channels = 1] = image.shape;
  if (height === undefined || width === undefined || image.shape.length > 3 || !isChannelCount(channels) || image.data.length === 0) {
    throw new ShapeError(`pixelsOf: expected an image [H, W] or [H, W, C] with 1 to 4 channels, got [${image.shape.join(", ")}].`);
  }
  if (!(high > low)) throw new OptionError(`pixelsOf: expected low < high, got ${low} and ${high}.`);
  const data = Uint8Array.from(image.data, (value) => Math.min(255, Math.max(0, Math.round((255 * (value - low)) / (high - low)))));
  return { width, height, channels, data };
}

/** The image as a PNG file. */
export function encodePng({ width, height, channels, data }: Pixels): Uint8Array {
  if (data.length !== width * height * channels) {
    throw new ShapeError(`encodePng: expected ${width * height * channels} bytes for ${width}×${height}×${channels}, got ${data.length}.`);
  }
  return encode({ width, height, channels, data, depth: 8 });
}

function isChannelCount(channels: number): channels is Pixels["channels"] {
  return channels >= 1 && channels <= 4;
}
