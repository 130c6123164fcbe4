/** Resizing that averages when it shrinks, as Pillow's `resize` does: Pillow, `src/libImaging/Resample.c` and `Geometry.c`. */

import { OptionError } from "@dl/core";
import type { Image } from "./image.ts";
import { type Filter, filterWeights } from "./resample.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ResizeImageOptions extends Size {
  /** `nearest` takes the pixel at the place, the others weigh neighbours. Default `"bilinear"`. */
  filter?: Filter | "nearest" | undefined;
}

/** The size of `image` when its shorter side is `length` and its shape is kept, cut to whole pixels as torchvision does. */
export function sizeByShorterSide(image: Size, length: number): Size {
  if (!Number.isInteger(length) || length < 1)
    throw new OptionError(`sizeByShorterSide: expected a whole length of at least 1, got ${length}.`);
  const { width, height } = image;
  return width <= height
    ? { width: length, height: Math.floor((length * height) / width) }
    : { width: Math.floor((length * width) / height), height: length };
}

/** `image` at another size; the aspect ratio is the caller's. */
export function resizeImage(image: Image, { width, height, filter = "bilinear" }: ResizeImageOptions): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new OptionError(`resizeImage: expected a whole width and height of at least 1, got ${width} × ${height}.`);
  }
  if (image.width === width && image.height === height) return image;
  if (filter === "nearest") return nearest(image, { width, height });
  const { channels, data } = image;
  const across = filterWeights(image.width, width, { filter });
  const down = filterWeights(image.height, height, { filter });

  // Rows first: [H, w, C], in float so that only the result is rounded. A cubic overshoots, and Pillow clips in between.
  const rows = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let tap = 0, from = (y * image.width + across.first[x]!) * channels + c; tap < across.taps; tap++, from += channels) {
          const weight = across.values[x * across.taps + tap]!;
          if (weight !== 0) sum += weight * data[from]!;
        }
        rows[(y * width + x) * channels + c] = Math.max(0, Math.min(255, sum));
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
    // Adding a half and cutting rounds.
    for (let i = 0; i < stride; i++) resized[y * stride + i] = Math.max(0, Math.min(255, sums[i]!));
  }
  return { width, height, channels, data: resized };
}

function nearest({ width: inWidth, height: inHeight, channels, data }: Image, { width, height }: Size): Image {
  const columns = nearestPositions(inWidth, width);
  const rows = nearestPositions(inHeight, height);
  const resized = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]! * inWidth + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) resized[(y * width + x) * channels + c] = data[from + c]!;
    }
  }
  return { width, height, channels, data: resized };
}

/** Step by step, as Pillow adds them up: a product would round differently where a centre falls between two pixels. */
function nearestPositions(inputs: number, outputs: number): Int32Array {
  const scale = inputs / outputs;
  let at = scale * 0.5;
  return Int32Array.from({ length: outputs }, () => {
    const position = Math.min(inputs - 1, Math.floor(at));
    at += scale;
    return position;
  });
}
