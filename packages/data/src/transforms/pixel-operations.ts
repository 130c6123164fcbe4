/**
 * Changes of colour, in place, on pixels in [0, 1]. They mean what Pillow's `ImageEnhance` and `ImageOps` mean, and torchvision's
 * functions of the same names.
 */

import type { FloatImage } from "./float-image.ts";

/** The luma of ITU-R BT.601 for colour, the value itself for grey. */
function lumaAt({ data, channels }: FloatImage, pixel: number): number {
  const at = pixel * channels;
  return channels < 3 ? data[at]! : 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
}

const clipped = (value: number): number => Math.max(0, Math.min(1, value));

/** 0 gives black, 1 the image, 2 twice as bright. */
export function adjustBrightness({ data }: FloatImage, factor: number): void {
  for (let i = 0; i < data.length; i++) data[i] = clipped(data[i]! * factor);
}

/** 0 gives the mean grey, 1 the image. */
export function adjustContrast(image: FloatImage, factor: number): void {
  const pixels = image.height * image.width;
  let sum = 0;
  for (let pixel = 0; pixel < pixels; pixel++) sum += lumaAt(image, pixel);
  const mean = sum / pixels;
  const { data } = image;
  for (let i = 0; i < data.length; i++) data[i] = clipped(mean + factor * (data[i]! - mean));
}

/** 0 gives grey, 1 the image. Grey images stay as they are. */
export function adjustSaturation(image: FloatImage, factor: number): void {
  const { data, channels } = image;
  if (channels < 3) return;
  for (let pixel = 0; pixel < image.height * image.width; pixel++) {
    const grey = lumaAt(image, pixel);
    for (let i = pixel * channels; i < pixel * channels + 3; i++) data[i] = clipped(grey + factor * (data[i]! - grey));
  }
}

/** Turns every hue by `shift` of the colour circle, from −0.5 to 0.5. Smith 1978, "Color gamut transform pairs". */
export function adjustHue({ data, channels, height, width }: FloatImage, shift: number): void {
  if (channels < 3) return;
  for (let at = 0; at < height * width * channels; at += channels) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    if (chroma === 0) continue;
    const sector = value === red ? (green - blue) / chroma : value === green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma;
    const hue = (((sector / 6 + shift) % 1) + 1) % 1;
    // A channel is `value` less what its distance from the hue takes away.
    for (const [i, offset] of [5, 3, 1].entries()) {
      const k = (offset + hue * 6) % 6;
      data[at + i] = value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
    }
  }
}

/** Every channel becomes the luma. */
export function toGrey(image: FloatImage): void {
  adjustSaturation(image, 0);
}

/** Keeps the `bits` highest of 8 bits. */
export function posterize({ data }: FloatImage, bits: number): void {
  const step = 2 ** (8 - bits);
  for (let i = 0; i < data.length; i++) data[i] = (Math.floor(Math.round(clipped(data[i]!) * 255) / step) * step) / 255;
}

/** Inverts what is at least `threshold`. */
export function solarize({ data }: FloatImage, threshold: number): void {
  for (let i = 0; i < data.length; i++) if (data[i]! >= threshold) data[i] = 1 - data[i]!;
}

/** Stretches every channel to [0, 1]; a channel of one value stays. */
export function autoContrast({ data, channels }: FloatImage): void {
  for (let channel = 0; channel < channels; channel++) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = channel; i < data.length; i += channels) {
      low = Math.min(low, data[i]!);
      high = Math.max(high, data[i]!);
    }
    if (!(high > low)) continue;
    for (let i = channel; i < data.length; i += channels) data[i] = clipped((data[i]! - low) / (high - low));
  }
}

/** Makes the 256 levels of every channel about equally frequent, as Pillow's `ImageOps.equalize` does. */
export function equalize({ data, channels }: FloatImage): void {
  for (let channel = 0; channel < channels; channel++) {
    const histogram = new Int32Array(256);
    for (let i = channel; i < data.length; i += channels) histogram[Math.round(clipped(data[i]!) * 255)]!++;
    const last = histogram.findLastIndex((count) => count > 0);
    const total = data.length / channels;
    const step = Math.floor((total - histogram[last]!) / 255);
    if (step === 0) continue;
    const table = new Float32Array(256);
    let sum = Math.floor(step / 2);
    for (let level = 0; level < 256; level++) {
      table[level] = Math.min(255, Math.floor(sum / step)) / 255;
      sum += histogram[level]!;
    }
    for (let i = channel; i < data.length; i += channels) data[i] = table[Math.round(clipped(data[i]!) * 255)]!;
  }
}

/** 0 smooths, 1 gives the image, 2 sharpens. The border stays: Pillow's kernel [1 1 1; 1 5 1; 1 1 1] / 13. */
export function adjustSharpness({ data, height, width, channels }: FloatImage, factor: number): void {
  if (height < 3 || width < 3) return;
  const original = data.slice();
  const row = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 4 * original[i]!;
      for (let down = -row; down <= row; down += row) {
        sum += original[i + down - channels]! + original[i + down]! + original[i + down + channels]!;
      }
      const smooth = sum / 13;
      data[i] = clipped(smooth + factor * (original[i]! - smooth));
    }
  }
}
