/** Gaussian blur of random width. Chen et al. 2020, SimCLR, arXiv:2002.05709, appendix A. */

import { eachImage, type FloatImage } from "./float-image.ts";
import { checkProbability, checkRange, drawRange, type Range } from "./range.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface BlurOptions {
  /** Range of the standard deviation in pixels. Default `[0.1, 2]`. */
  sigma?: Range | undefined;
  /** How many of the images, from 0 to 1. Default 0.5. */
  probability?: number | undefined;
}

/** Blurs images with the given probability, in place; the border is mirrored. Random: `batches` needs an `rng`. */
export function blur({ sigma = [0.1, 2], probability = 0.5 }: BlurOptions = {}): Transform<ImageBatch> {
  checkRange("blur: sigma", sigma, { least: Number.MIN_VALUE });
  checkProbability("blur", probability);
  return eachImage("blur", (image, stream) => {
    const rng = stream();
    const chosen = rng.float() < probability;
    const width = drawRange(rng, sigma);
    if (chosen) gaussianBlur(image, width);
  });
}

/** Blurs `image` in place: first the rows, then the columns. The kernel ends three standard deviations out. */
export function gaussianBlur({ data, height, width, channels }: FloatImage, sigma: number): void {
  const radius = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const sum = kernel.reduce((a, b) => a + b);
  for (let i = 0; i < kernel.length; i++) kernel[i]! /= sum;
  const pass = (length: number, stride: number, starts: Iterable<number>): void => {
    const line = new Float64Array(length);
    for (const start of starts) {
      for (let i = 0; i < length; i++) line[i] = data[start + i * stride]!;
      for (let i = 0; i < length; i++) {
        let value = 0;
        for (let k = -radius; k <= radius; k++) value += kernel[k + radius]! * line[mirrored(i + k, length)]!;
        data[start + i * stride] = value;
      }
    }
  };
  const row = width * channels;
  pass(width, channels, startsOf(height, row, channels));
  pass(height, row, startsOf(width, channels, channels));
}

/** Where the lines of an image begin: `count` of them, `step` apart, for each channel. */
function* startsOf(count: number, step: number, channels: number): Generator<number, void, undefined> {
  for (let i = 0; i < count; i++) for (let c = 0; c < channels; c++) yield i * step + c;
}

/** `at` mirrored into [0, length), the border pixel not repeated, however far out. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const inside = ((at % period) + period) % period;
  return inside < length ? inside : period - inside;
}
