/** PNG, JPEG and BMP files as pixels, upright. PNG: ISO/IEC 15948. JPEG: ITU-T T.81. BMP: bmp-pixels.ts. */

import { DataError } from "@dl/core";
import jpeg from "jpeg-js";
import { bmpPixels, readBmpHeader } from "./bmp-pixels.ts";
import { exifOrientation } from "./exif.ts";
import { checkPixels, type Image, withChannels } from "./image.ts";
import { isRgbJpeg } from "./jpeg-colours.ts";
import { orient } from "./orientation.ts";
import { readPngHeader } from "./png-chunks.ts";
import { pngPixels } from "./png-pixels.ts";

export interface DecodeImageOptions {
  /** 1 converts to grey, 3 to colour. Default 3. */
  channels?: 1 | 3 | undefined;
  /** For error messages. Default `"image"`. */
  name?: string | undefined;
  /** Larger images are refused before memory is given to them. Default 100 million. */
  maximumPixels?: number | undefined;
}

/**
 * Decodes a PNG or a JPEG of any kind (grey, palette, 1 to 16 bits, interlaced, progressive) or an uncompressed BMP. Alpha is dropped, 16 bits are
 * rounded to 8, and the rotation in the EXIF data of a PNG or a JPEG is applied.
 *
 * @returns Bytes `[height, width, channels]`.
 * @throws DataError for anything else, and for damaged files.
 */
export function decodeImage(file: Uint8Array, { channels = 3, name = "image", maximumPixels = 100e6 }: DecodeImageOptions = {}): Image {
  const limits = { name, maximumPixels };
  if (startsWith(file, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return withChannels(fromPng(file, limits), channels);
  if (startsWith(file, [0xff, 0xd8, 0xff])) return withChannels(orient(fromJpeg(file, limits), exifOrientation(file)), channels);
  if (startsWith(file, [0x42, 0x4d])) return withChannels(fromBmp(file, limits), channels);
  const got =
    file.length === 0
      ? "an empty file"
      : `bytes ${Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
  throw new DataError(`decodeImage: expected ${name} to be a PNG, a JPEG or a BMP, got ${got}.`);
}

interface Limits {
  readonly name: string;
  readonly maximumPixels: number;
}

function fromPng(file: Uint8Array, limits: Limits): Image {
  try {
    const header = readPngHeader(file);
    checkPixels(header.width, header.height, limits);
    return pngPixels(file, header);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged("PNG", limits.name, error);
  }
}

function fromJpeg(file: Uint8Array, limits: Limits): Image {
  try {
    const { width, height, data } = jpeg.decode(file, {
      useTArray: true,
      formatAsRGBA: false,
      // By itself it takes three components for luma and chroma, whatever the file says. Four are told by Adobe's segment.
      ...(isRgbJpeg(file) ? { colorTransform: false } : {}),
      tolerantDecoding: false,
      maxResolutionInMP: limits.maximumPixels / 1e6,
      // Its decoder keeps coefficients and planes beside the pixels: about 20 bytes a pixel.
      maxMemoryUsageInMB: Math.max(64, (limits.maximumPixels * 24) / 2 ** 20),
    });
    checkPixels(width, height, limits);
    return { width, height, channels: 3, data };
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged("JPEG", limits.name, error);
  }
}

function fromBmp(file: Uint8Array, limits: Limits): Image {
  try {
    const header = readBmpHeader(file);
    checkPixels(header.width, header.height, limits);
    return bmpPixels(file, header);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged("BMP", limits.name, error);
  }
}

function damaged(format: string, name: string, reason: unknown): DataError {
  return new DataError(
    `decodeImage: expected ${name} to be a whole ${format}, got: ${reason instanceof Error ? reason.message : String(reason)}.`,
  );
}

function startsWith(file: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => file[i] === byte);
}
