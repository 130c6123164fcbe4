/** Changes brightness, contrast, saturation and hue at random. Howard 2013, arXiv:1312.5402; torchvision's `ColorJitter`. */

import { eachImage, type FloatImage } from "./float-image.ts";
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, toGrey } from "./pixel-operations.ts";
import { checkProbability, checkRange, drawRange, type Range } from "./range.ts";
import type { ImageBatch, Transform } from "./transform.ts";

export interface ColorJitterOptions {
  /** `b`: a factor from [max(0, 1 − b), 1 + b]. Default 0. */
  brightness?: number | undefined;
  /** As brightness. Default 0. */
  contrast?: number | undefined;
  /** As brightness. Default 0. */
  saturation?: number | undefined;
  /** Turned by up to this share of the colour circle, either way, at most 0.5. Default 0. */
  hue?: number | undefined;
  /** How many of the images, from 0 to 1. Default 1. */
  probability?: number | undefined;
}

/** Changes the colours of each image, in place, the four changes in random order. For pixels in [0, 1]: before `normalize`. Random. */
export function colorJitter(options: ColorJitterOptions): Transform<ImageBatch> {
  const { brightness = 0, contrast = 0, saturation = 0, hue = 0, probability = 1 } = options;
  checkProbability("colorJitter", probability);
  checkRange("colorJitter: hue", [0, hue], { least: 0, most: 0.5 });
  const around = (name: string, spread: number): Range => {
    checkRange(`colorJitter: ${name}`, [0, spread], { least: 0 });
    return [Math.max(0, 1 - spread), 1 + spread];
  };
  const changes: readonly (readonly [Range, (image: FloatImage, amount: number) => void, boolean])[] = [
    [around("brightness", brightness), adjustBrightness, brightness > 0],
    [around("contrast", contrast), adjustContrast, contrast > 0],
    [around("saturation", saturation), adjustSaturation, saturation > 0],
    [[-hue, hue], adjustHue, hue > 0],
  ];
  return eachImage("colorJitter", (image, stream) => {
    const rng = stream();
    if (rng.float() >= probability) return;
    const order = rng.permutation(changes.length);
    const amounts = changes.map(([range]) => drawRange(rng, range));
    for (const i of order) if (changes[i]![2]) changes[i]![1](image, amounts[i]!);
  });
}

export interface GrayscaleOptions {
  /** How many of the images, from 0 to 1. Default 0.1. */
  probability?: number | undefined;
}

/** Makes images grey with the given probability, in place; they keep their channels. Random: `batches` needs an `rng`. */
export function grayscale({ probability = 0.1 }: GrayscaleOptions = {}): Transform<ImageBatch> {
  checkProbability("grayscale", probability);
  return eachImage("grayscale", (image, stream) => {
    if (stream().float() < probability) toGrey(image);
  });
}
