/** Bilinear resizing that averages when it shrinks, as Pillow's `resize` does: Pillow, `src/libImaging/Resample.c`, the triangle filter. */

import { OptionError } from "@dl/core";
import type { Image } from "./image.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** For each output position: the first input it covers and their weights. */
interface Weights {
  readonly first: Int32Array;
  readonly taps: number;
  /** `[positions, taps]` */
  readonly values: Float32Array;
}

/** `image` at another size; the aspect ratio is the caller's. */
export function resizeImage(image: Image, { width, height }: Size): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new OptionError(`resizeImage: expected a whole width and height of at least 1, got ${width} × ${height}.`);
  }
  if (image.width === width && image.height === height) return image;
  const { channels, data } = image;
  const across = triangle(image.width, width);
  const down = triangle(image.height, height);

  // Rows first: [H, w, C], in float so that only the result is rounded.
  const rows = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let tap = 0, from = (y * image.width + across.first[x]!) * channels + c; tap < across.taps; tap++, from += channels) {
          const weight = across.values[x * across.taps + tap]!;
          if (weight !== 0) sum += weight * data[from]!;
        }
        rows[(y * width + x) * channels + c] = sum;
      }
    }
  }
  // Then columns: [h, w, C].
  const stride = width * channels;
  const resized = new Uint8Array(height * stride);
  const sums = new Float64Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(0.5);
    for (let tap = 0; tap < down.taps; tap++) {
      const weight = down.values[y * down.taps + tap]!;
      if (weight === 0) continue;
      const from = (down.first[y]! + tap) * stride;
      for (let i = 0; i < stride; i++) sums[i]! += weight * rows[from + i]!;
    }
    // Adding a half and cutting rounds; weights of sum 1 stay below 256.
    for (let i = 0; i < stride; i++) resized[y * stride + i] = sums[i]!;
  }
  return { width, height, channels, data: resized };
}

function triangle(inputs: number, outputs: number): Weights {
  const scale = inputs / outputs;
  // Enlarging interpolates between two neighbours; shrinking averages over everything a pixel covers.
  const support = Math.max(1, scale);
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputs);
  const values = new Float32Array(outputs * taps);
  for (let i = 0; i < outputs; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(center - support + 0.5));
    const end = Math.min(inputs, Math.floor(center + support + 0.5));
    let sum = 0;
    for (let j = start; j < end; j++) sum += Math.max(0, 1 - Math.abs((j - center + 0.5) / support));
    for (let j = start; j < end; j++) values[i * taps + j - start] = Math.max(0, 1 - Math.abs((j - center + 0.5) / support)) / sum;
    first[i] = start;
  }
  return { first, taps, values };
}
