/** Windows bitmaps as pixels. Microsoft, "Bitmap storage": BITMAPFILEHEADER and BITMAPINFOHEADER up to version 5, and BITMAPCOREHEADER. */

import type { Image } from "./image.ts";

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** The first row in the file is the upper one. */
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin, and the palette. */
  readonly pixels: number;
  readonly palette: number;
  readonly paletteEntry: 3 | 4;
  readonly paletteLength: number;
  /** Bits of red, green and blue in a pixel of 16 or 32. */
  readonly masks: readonly number[];
}

/** BI_RGB and BI_BITFIELDS. */
const plain = 0;
const bitFields = 3;

/** The header of a file that begins with "BM"; throws a RangeError that names what is wrong. */
export function readBmpHeader(file: Uint8Array): BmpHeader {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 26) throw new RangeError("its end within the header");
  const size = view.getUint32(14, true);
  const core = size === 12;
  if (!core && (size < 40 || size > 124)) throw new RangeError(`a header of ${size} bytes`);
  if (14 + size > file.length) throw new RangeError("its end within the header");
  const height = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? plain : view.getUint32(30, true);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new RangeError(`${bits} bits a pixel`);
  if (compression !== plain && !(compression === bitFields && (bits === 16 || bits === 32))) {
    throw new RangeError(`compression ${compression} at ${bits} bits a pixel, which is not read: save it uncompressed, or as PNG`);
  }
  let masks = bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0xff00, 0xff];
  // The masks follow the header of 40 bytes, and lie at the same place within longer ones.
  let palette = 14 + size;
  if (compression === bitFields) {
    if (66 > file.length) throw new RangeError("its end within the header");
    masks = [54, 58, 62].map((at) => view.getUint32(at, true));
    if (size === 40) palette += 12;
  }
  return {
    width: core ? view.getUint16(18, true) : view.getInt32(18, true),
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression,
    pixels: view.getUint32(10, true),
    palette,
    paletteEntry: core ? 3 : 4,
    paletteLength: bits > 8 ? 0 : (core ? 0 : view.getUint32(46, true)) || 2 ** bits,
    masks,
  };
}

/** The colours of an uncompressed bitmap; the fourth byte of a pixel of 32 bits is dropped. Throws a RangeError for one cut off. */
export function bmpPixels(file: Uint8Array, header: BmpHeader): Image {
  const { width, height, bits, pixels } = header;
  // Rows are padded to whole words of four bytes.
  const pitch = Math.floor((bits * width + 31) / 32) * 4;
  if (pixels + pitch * height > file.length) throw new RangeError(`${file.length} bytes where ${pixels + pitch * height} were promised`);
  const colourAt = bits <= 8 ? fromPalette(file, header) : bits === 24 ? fromBytes(file) : fromMasks(file, header);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = pixels + pitch * (header.topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) colourAt(row, x, data.subarray((y * width + x) * 3));
  }
  return { width, height, channels: 3, data };
}

/** Writes the colour of pixel `x` of the row that begins at byte `row`. */
type ColourAt = (row: number, x: number, to: Uint8Array) => void;

/** Blue, green, red. */
const fromBytes =
  (file: Uint8Array): ColourAt =>
  (row, x, to) => {
    for (let c = 0; c < 3; c++) to[c] = file[row + 3 * x + 2 - c]!;
  };

function fromPalette(file: Uint8Array, { bits, palette, paletteEntry, paletteLength }: BmpHeader): ColourAt {
  if (paletteLength > 2 ** bits || palette + paletteLength * paletteEntry > file.length) {
    throw new RangeError(`a palette of ${paletteLength} colours`);
  }
  return (row, x, to) => {
    const bit = x * bits;
    const index = (file[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
    if (index >= paletteLength) throw new RangeError(`colour ${index} of a palette of ${paletteLength}`);
    for (let c = 0; c < 3; c++) to[c] = file[palette + index * paletteEntry + 2 - c]!;
  };
}

function fromMasks(file: Uint8Array, { bits, masks }: BmpHeader): ColourAt {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const fields = masks.map((mask) => {
    const low = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, low, largest: mask >>> low };
  });
  // Rounded down, as Pillow does.
  return (row, x, to) => {
    const pixel = bits === 16 ? view.getUint16(row + 2 * x, true) : view.getUint32(row + 4 * x, true);
    for (const [c, { mask, low, largest }] of fields.entries()) {
      to[c] = largest === 0 ? 0 : Math.floor((((pixel & mask) >>> low) * 255) / largest);
    }
  };
}
