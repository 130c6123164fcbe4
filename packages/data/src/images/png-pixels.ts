/**
 * The pixels of a PNG. ISO/IEC 15948, clauses 7 and 8.
 *
 * Read here and not by fast-png 8, which inflates without a bound, takes a palette that is only suggested for the picture's own and reads
 * interlaced samples of less than 8 bits as bytes.
 */

import { tiffOrientation } from "./exif.ts";
import type { Image } from "./image.ts";
import { orient } from "./orientation.ts";
import { type PngHeader, readPngChunks } from "./png-chunks.ts";
import { inflateRows, undoFilter } from "./png-rows.ts";

/** Every `stepX`-th pixel from `x` on of every `stepY`-th row from `y` on. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
}

const wholePicture: readonly Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];
const adam7: readonly Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

/** The grey or colour bytes of a file, upright by its EXIF data; alpha is dropped, and other depths are scaled to 8 bits. Throws a RangeError for a damaged file. */
export function pngPixels(file: Uint8Array, header: PngHeader): Image {
  const { width, height, depth, channels, indexed, interlaced } = header;
  const { palette, compressed, exif } = readPngChunks(file);
  const bits = channels * depth;
  // A pass without pixels has no rows.
  const passes = (interlaced ? adam7 : wholePicture)
    .map((pass) => ({ ...pass, columns: Math.ceil((width - pass.x) / pass.stepX), rows: Math.ceil((height - pass.y) / pass.stepY) }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map((pass) => ({ ...pass, rowBytes: Math.ceil((pass.columns * bits) / 8) }));
  const bytes = inflateRows(
    compressed,
    passes.reduce((sum, { rows, rowBytes }) => sum + rows * (1 + rowBytes), 0),
  );
  const kept = indexed || channels > 2 ? 3 : 1;
  const data = new Uint8Array(width * height * kept);
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows, rowBytes } of passes) {
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let i = 0; i < rows; i++) {
      const row = bytes.subarray(at + 1, at + 1 + rowBytes);
      undoFilter(row, { filter: bytes[at]!, above, reach: Math.max(1, bits >> 3) });
      above = row;
      at += 1 + rowBytes;
      const samples = bytesOf(row, { depth, count: columns * channels, scaled: !indexed });
      const start = ((y + i * stepY) * width + x) * kept;
      if (indexed) colour(samples, { palette, data, start, step: 3 * stepX });
      else if (channels === kept && stepX === 1) data.set(samples, start);
      else {
        for (let j = 0; j < columns; j++) {
          for (let c = 0; c < kept; c++) data[start + j * stepX * kept + c] = samples[j * channels + c]!;
        }
      }
    }
  }
  return orient({ width, height, channels: kept, data }, tiffOrientation(exif));
}

function colour(
  samples: Uint8Array,
  { palette, data, start, step }: { palette: Uint8Array; data: Uint8Array; start: number; step: number },
): void {
  for (let j = 0; j < samples.length; j++) {
    const entry = 3 * samples[j]!;
    if (entry >= palette.length) throw new RangeError(`colour ${samples[j]} of a palette of ${palette.length / 3}`);
    for (let c = 0; c < 3; c++) data[start + j * step + c] = palette[entry + c]!;
  }
}

/** A byte for each sample of a row; `scaled` to 255 for the greatest. */
function bytesOf(row: Uint8Array, { depth, count, scaled }: { depth: number; count: number; scaled: boolean }): Uint8Array {
  if (depth === 8) return row;
  const samples = new Uint8Array(count);
  if (depth === 16) {
    // 65535 / 255 = 257.
    for (let i = 0; i < count; i++) samples[i] = Math.round((256 * row[2 * i]! + row[2 * i + 1]!) / 257);
    return samples;
  }
  const most = 2 ** depth - 1;
  const scale = scaled ? 255 / most : 1;
  for (let i = 0; i < count; i++) {
    const bit = i * depth;
    samples[i] = ((row[bit >> 3]! >> (8 - depth - (bit & 7))) & most) * scale;
  }
  return samples;
}
