/** What a PNG decoder gives, packed bits and palettes included, as plain bytes. ISO/IEC 15948, clauses 7 and 11.2. */

import type { DecodedPng } from "fast-png";
import type { Image } from "./image.ts";

/** The grey or colour bytes of a decoded PNG; alpha is dropped, and other depths are scaled to 8 bits. */
export function pngPixels({ width, height, depth, channels, data, palette }: DecodedPng): Image {
  const samples = depth === 8 ? data : depth === 16 ? narrow(data) : unpack(data, { width, height, depth });
  if (palette !== undefined) {
    const colours = new Uint8Array(width * height * 3);
    for (let i = 0; i < width * height; i++) {
      const colour = palette[samples[i]!];
      if (colour === undefined) throw new RangeError(`colour ${samples[i]} of a palette of ${palette.length}`);
      for (let c = 0; c < 3; c++) colours[3 * i + c] = colour[c]!;
    }
    return { width, height, channels: 3, data: colours };
  }
  if (depth < 8) for (let i = 0; i < samples.length; i++) samples[i] = (samples[i]! * 255) / (2 ** depth - 1);
  const kept = channels < 3 ? 1 : 3;
  if (channels === kept) return { width, height, channels: kept, data: new Uint8Array(samples.buffer, samples.byteOffset, samples.length) };
  const opaque = new Uint8Array(width * height * kept);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < kept; c++) opaque[i * kept + c] = samples[i * channels + c]!;
  return { width, height, channels: kept, data: opaque };
}

/** 16-bit samples rounded to 8: 65535 / 255 = 257. */
function narrow(data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(data[i]! / 257);
  return bytes;
}

/** Samples of 1, 2 or 4 bits; every row starts at a whole byte. */
function unpack(data: ArrayLike<number>, { width, height, depth }: { width: number; height: number; depth: number }): Uint8Array {
  const bytesPerRow = Math.ceil((width * depth) / 8);
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      samples[y * width + x] = (data[y * bytesPerRow + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return samples;
}
