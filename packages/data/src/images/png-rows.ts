/** The rows of a PNG: inflated, and with their filters undone. ISO/IEC 15948, clauses 9 and 10. */

import { Unzlib } from "fflate";

/** Deflate gives at most 258 bytes for two bits: zlib.net/zlib_tech.html. */
const mostExpansion = 1032;
/** Inflated at once: what comes of it is at most 17 MB. */
const pieceBytes = 1 << 14;

/**
 * Exactly `length` bytes.
 *
 * @throws RangeError when there are fewer or more; a file of a few bytes does not get memory for many.
 */
export function inflateRows(compressed: readonly Uint8Array[], length: number): Uint8Array {
  const given = compressed.reduce((sum, { length }) => sum + length, 0);
  if (length > given * mostExpansion) throw new RangeError(`${given} compressed bytes for ${length} bytes of rows`);
  const rows = new Uint8Array(length);
  let filled = 0;
  const inflater = new Unzlib((part) => {
    if (filled + part.length > length) throw new RangeError(`more than the ${length} bytes of its rows`);
    rows.set(part, filled);
    filled += part.length;
  });
  for (const chunk of compressed) {
    for (let at = 0; at < chunk.length; at += pieceBytes) inflater.push(chunk.subarray(at, at + pieceBytes));
  }
  inflater.push(new Uint8Array(0), true);
  if (filled < length) throw new RangeError(`${filled} of the ${length} bytes of its rows`);
  return rows;
}

/**
 * Undoes the filter of a row in its place.
 *
 * @param row  Its bytes, without the one that names the filter.
 * @param options.above  The row before in the same pass, undone; zeros for the first.
 * @param options.reach  Bytes from a sample to the same sample of the pixel before, at least 1.
 */
export function undoFilter(row: Uint8Array, { filter, above, reach }: { filter: number; above: Uint8Array; reach: number }): void {
  switch (filter) {
    case 0:
      return;
    case 1:
      for (let i = reach; i < row.length; i++) row[i] = row[i]! + row[i - reach]!;
      return;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = row[i]! + above[i]!;
      return;
    case 3:
      for (let i = 0; i < row.length; i++) row[i] = row[i]! + (((i < reach ? 0 : row[i - reach]!) + above[i]!) >> 1);
      return;
    case 4:
      for (let i = 0; i < row.length; i++) {
        const left = i < reach ? 0 : row[i - reach]!;
        row[i] = row[i]! + paeth(left, above[i]!, i < reach ? 0 : above[i - reach]!);
      }
      return;
    default:
      throw new RangeError(`filter ${filter}`);
  }
}

/** The one of three neighbours that is nearest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
