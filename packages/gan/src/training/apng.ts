/** Moving pictures of a run's progress: animated PNG, which every browser plays and every PNG reader opens. W3C PNG specification, third edition, sections 11.3.2 and 12. */

import { OptionError, ShapeError } from "@dl/core";
import { encodePng, type Pixels } from "@dl/train";

export interface ApngOptions {
  /** Default 4. */
  framesPerSecond?: number;
  /** How often it plays; 0 for ever. Default 0. */
  plays?: number;
  /** Seconds the last frame stays. Default 2. */
  holdSeconds?: number;
}

/**
 * Frames of one size as one file; the first is what readers without animation show.
 *
 * @throws ShapeError when frames differ in size.
 */
export function encodeApng(frames: readonly Pixels[], { framesPerSecond = 4, plays = 0, holdSeconds = 2 }: ApngOptions = {}): Uint8Array {
  const [first] = frames;
  if (!first) throw new OptionError("encodeApng: expected at least one frame, got none.");
  if (!(framesPerSecond >= 1 / 65 && framesPerSecond <= 1000) || !(holdSeconds >= 0 && holdSeconds <= 65)) {
    throw new OptionError(
      `encodeApng: expected 1/65 to 1000 framesPerSecond and holdSeconds up to 65, as 16 bits hold milliseconds, got ${framesPerSecond} and ${holdSeconds}.`,
    );
  }
  if (!Number.isInteger(plays) || plays < 0) throw new OptionError(`encodeApng: expected a whole number of plays ≥ 0, got ${plays}.`);
  const { width, height, channels } = first;
  const parts: Uint8Array[] = [Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)];
  let sequence = 0;
  frames.forEach((frame, i) => {
    if (frame.width !== width || frame.height !== height || frame.channels !== channels) {
      throw new ShapeError(
        `encodeApng: expected frames of ${width}×${height}×${channels}, got ${frame.width}×${frame.height}×${frame.channels} at ${i}.`,
      );
    }
    const chunks = chunksOf(encodePng(frame));
    if (i === 0) {
      parts.push(chunk("IHDR", chunks.find(({ type }) => type === "IHDR")!.data));
      parts.push(chunk("acTL", words(frames.length, plays)));
    }
    const milliseconds = i === frames.length - 1 ? Math.max(holdSeconds * 1000, 1000 / framesPerSecond) : 1000 / framesPerSecond;
    const control = new Uint8Array(26);
    control.set(words(sequence++, width, height, 0, 0));
    new DataView(control.buffer).setUint16(20, Math.round(milliseconds));
    new DataView(control.buffer).setUint16(22, 1000);
    parts.push(chunk("fcTL", control)); // the last two bytes, 0: leave the frame, replace what was there
    for (const { type, data } of chunks) {
      if (type !== "IDAT") continue;
      parts.push(i === 0 ? chunk("IDAT", data) : chunk("fdAT", joined([words(sequence++), data])));
    }
  });
  parts.push(chunk("IEND", new Uint8Array(0)));
  return joined(parts);
}

function chunksOf(png: Uint8Array): { readonly type: string; readonly data: Uint8Array }[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: { type: string; data: Uint8Array }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = view.getUint32(at);
    chunks.push({ type: String.fromCharCode(...png.subarray(at + 4, at + 8)), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = joined([Uint8Array.from(type, (letter) => letter.charCodeAt(0)), data]);
  return joined([words(data.length), named, words(checksum(named))]);
}

/** Numbers as 32-bit words, most significant byte first. */
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(4 * i, value);
  });
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** CRC-32, as PNG has it. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
