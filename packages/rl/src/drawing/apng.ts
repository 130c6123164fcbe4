/** Moving pictures that every browser plays: APNG. W3C, "Portable Network Graphics (third edition)", section 11.3.4. */

import { crc32, OptionError } from "@dl/core";
import { encode } from "fast-png";
import type { PixelImage } from "./rasterize.ts";

/** One still picture as a PNG file. */
export function encodePng({ width, height, data }: PixelImage): Uint8Array {
  return encode({ width, height, data, channels: 4, depth: 8 });
}

/** Frames of one size, played for ever. */
export function encodeApng(frames: readonly PixelImage[], { framesPerSecond = 30 }: { framesPerSecond?: number } = {}): Uint8Array {
  const [first] = frames;
  if (first === undefined) throw new OptionError("encodeApng: expected at least one frame, got none.");
  const { width, height } = first;
  for (const frame of frames) {
    if (frame.width !== width || frame.height !== height) {
      throw new OptionError(`encodeApng: expected frames of ${width} × ${height}, got one of ${frame.width} × ${frame.height}.`);
    }
  }
  const parts: Uint8Array[] = [];
  let sequence = 0;
  for (const [i, frame] of frames.entries()) {
    const file = encodePng(frame);
    const chunks = chunksOf(file);
    if (i === 0) {
      parts.push(file.subarray(0, 8), chunk("IHDR", chunks.get("IHDR")![0]!), chunk("acTL", words(frames.length, 0)));
    }
    // Sequence, size, place 0, 0, delay as a fraction, dispose and blend 0.
    const control = new Uint8Array(26);
    control.set(words(sequence++, width, height, 0, 0));
    new DataView(control.buffer).setUint16(20, 1);
    new DataView(control.buffer).setUint16(22, framesPerSecond);
    parts.push(chunk("fcTL", control));
    for (const data of chunks.get("IDAT")!) {
      parts.push(i === 0 ? chunk("IDAT", data) : chunk("fdAT", joined([words(sequence++), data])));
    }
  }
  return joined([...parts, chunk("IEND", new Uint8Array(0))]);
}

function chunksOf(file: Uint8Array): Map<string, Uint8Array[]> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks = new Map<string, Uint8Array[]>();
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    chunks.set(type, [...(chunks.get(type) ?? []), file.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return chunks;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = joined([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data]);
  return joined([words(data.length), body, words(crc32(body))]);
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) new DataView(bytes.buffer).setUint32(4 * i, value);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
