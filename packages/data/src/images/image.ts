/** Pixels on the host: what decoding gives and what resizing takes. */

import { DataError } from "@dl/core";

/** Bytes `[height, width, channels]`: 1 channel is grey, 3 are red, green, blue. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** An image with `channels`: grey copied to three, or red, green and blue weighted to grey by ITU-R BT.601, as Pillow does. */
export function withChannels(image: Image, channels: 1 | 3): Image {
  if (image.channels === channels) return image;
  const { width, height, data } = image;
  const pixels = width * height;
  const converted = new Uint8Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    if (channels === 3) converted.fill(data[i]!, 3 * i, 3 * i + 3);
    // The weights .299, .587, .114 in units of 2⁻¹⁶.
    else converted[i] = (19595 * data[3 * i]! + 38470 * data[3 * i + 1]! + 7471 * data[3 * i + 2]! + 0x8000) >> 16;
  }
  return { width, height, channels, data: converted };
}

/** Throws a `DataError` for sizes that no memory should be given to. */
export function checkPixels(width: number, height: number, { maximumPixels, name }: { maximumPixels: number; name: string }): void {
  if (width < 1 || height < 1 || width * height > maximumPixels) {
    throw new DataError(
      `decodeImage: expected ${name} to have between 1 and ${maximumPixels} pixels, got ${width} × ${height}. Raise maximumPixels if that is right.`,
    );
  }
}
