/** LZ4 blocks, as Parquet's codec LZ4_RAW has them. github.com/lz4/lz4, lz4_Block_format.md */

import { DataError } from "@dl/core";

/**
 * @param length  Bytes of the result.
 * @throws DataError for a damaged block.
 */
export function decodeLz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let from = 0;
  let to = 0;
  const broken = (what: string): DataError => new DataError(`decodeLz4Block: expected a whole LZ4 block, got ${what} at byte ${from}.`);
  /** Four bits, and as many bytes more as are 255, and one. */
  const readLength = (bits: number): number => {
    let value = bits;
    if (bits !== 15) return value;
    for (let byte = 255; byte === 255; value += byte) {
      if (from >= input.length) throw broken("its end");
      byte = input[from++]!;
    }
    return value;
  };
  while (from < input.length) {
    const token = input[from++]!;
    const literals = readLength(token >> 4);
    if (from + literals > input.length || to + literals > length) throw broken("more bytes than there are");
    output.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === input.length) break; // the last sequence has literals alone
    if (from + 2 > input.length) throw broken("its end");
    const distance = input[from]! | (input[from + 1]! << 8);
    from += 2;
    const copied = readLength(token & 15) + 4;
    if (distance === 0 || distance > to || to + copied > length) throw broken("a copy from outside");
    // Byte by byte: a copy may overlap itself, which repeats it.
    for (const end = to + copied; to < end; to++) output[to] = output[to - distance]!;
  }
  if (to !== length) throw broken(`${to} bytes instead of ${length}`);
  return output;
}
