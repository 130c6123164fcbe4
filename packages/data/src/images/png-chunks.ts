/** What a PNG file is made of: its header, its palette and its compressed rows. ISO/IEC 15948, clauses 5 and 11. */

import { crc32 } from "@dl/core";

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  /** Samples of a pixel, alpha included; one where they count the colours of a palette. */
  readonly channels: number;
  readonly indexed: boolean;
  /** Adam7: in seven passes, each of more pixels. */
  readonly interlaced: boolean;
}

/** The depths of each colour type, and its samples a pixel. Table 11.1. */
const colourTypes: Readonly<Record<number, { depths: readonly number[]; channels: number }>> = {
  0: { depths: [1, 2, 4, 8, 16], channels: 1 },
  2: { depths: [8, 16], channels: 3 },
  3: { depths: [1, 2, 4, 8], channels: 1 },
  4: { depths: [8, 16], channels: 2 },
  6: { depths: [8, 16], channels: 4 },
};

/** The header of a file that begins with the signature of PNG; throws a RangeError that names what is wrong. */
export function readPngHeader(file: Uint8Array): PngHeader {
  if (file.length < 33) throw new RangeError("its end within the header");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const type = typeAt(file, 12);
  if (type !== "IHDR") throw new RangeError(`${type} where its header IHDR belongs`);
  if (view.getUint32(8) !== 13) throw new RangeError(`a header of ${view.getUint32(8)} bytes`);
  const [depth, colourType, compression, filtering, interlacing] = file.subarray(24, 29);
  const { depths, channels } = colourTypes[colourType!] ?? { depths: [], channels: 0 };
  if (!depths.includes(depth!)) throw new RangeError(`${depth} bits of colour type ${colourType}`);
  if (compression !== 0 || filtering !== 0 || interlacing! > 1) {
    throw new RangeError(
      `compression ${compression}, filters ${filtering} and interlacing ${interlacing}, of which there are 0, 0 and 0 or 1`,
    );
  }
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: depth!,
    channels,
    indexed: colourType === 3,
    interlaced: interlacing === 1,
  };
}

export interface PngChunks {
  readonly palette: Uint8Array;
  /** The rows as they are compressed, in pieces. */
  readonly compressed: readonly Uint8Array[];
  /** The data of eXIf, which are TIFF; empty where there are none. PNG (third edition), clause 11.3.4.5. */
  readonly exif: Uint8Array;
}

/** What a picture is made of; throws a RangeError that names what is wrong. Nothing is inflated. */
export function readPngChunks(file: Uint8Array): PngChunks {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let palette: Uint8Array = new Uint8Array(0);
  const compressed: Uint8Array[] = [];
  let exif: Uint8Array = new Uint8Array(0);
  for (let at = 8; ; ) {
    if (at + 12 > file.length) throw new RangeError("its end before IEND");
    const type = typeAt(file, at + 4);
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > file.length) throw new RangeError(`its end within ${type}`);
    if (crc32(file.subarray(at + 4, end)) !== view.getUint32(end)) throw new RangeError(`${type} that does not fit its checksum`);
    const data = file.subarray(at + 8, end);
    if (type === "IEND") break;
    if (type === "IDAT") compressed.push(data);
    else if (type === "eXIf") exif = data;
    else if (type === "PLTE") {
      if (data.length % 3 !== 0 || data.length > 3 * 256) throw new RangeError(`a palette of ${data.length} bytes`);
      palette = data;
    } else if (type === "IHDR" && at > 8) throw new RangeError("a second IHDR");
    // A capital: without it the picture is another.
    else if (type !== "IHDR" && /^[A-Z]/.test(type)) throw new RangeError(`a chunk ${type} that cannot be passed over`);
    at = end + 4;
  }
  if (compressed.length === 0) throw new RangeError("no image data");
  return { palette, compressed, exif };
}

/** Whether a PNG says behind its rows how it is to be turned, which not every decoder reads. Never throws. */
export function hasLateExif(file: Uint8Array): boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let isBehindRows = false;
  for (let at = 8; at + 12 <= file.length; at += 12 + view.getUint32(at)) {
    const type = typeAt(file, at + 4);
    if (type === "IDAT") isBehindRows = true;
    if (type === "eXIf") return isBehindRows;
  }
  return false;
}

/** Four letters. What else stands there is shown as what it is in JSON. */
function typeAt(file: Uint8Array, at: number): string {
  const type = String.fromCharCode(...file.subarray(at, at + 4));
  return /^[A-Za-z]{4}$/.test(type) ? type : JSON.stringify(type);
}
