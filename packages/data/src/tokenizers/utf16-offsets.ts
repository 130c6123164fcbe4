/** Offsets that `String.prototype.slice` understands: code points counted as UTF-16 units. */

import { type Encoding, mapEncoding } from "./encoding.ts";

/** `encoding` with offsets into the texts `sources` in UTF-16 units in the place of code points. */
export function toUtf16Offsets(encoding: Encoding, sources: readonly string[]): Encoding {
  // Without surrogate pairs the two counts agree.
  const units = sources.map((source) => (/[\ud800-\udbff]/.test(source) ? unitsOf(source) : undefined));
  if (units.every((positions) => positions === undefined)) return encoding;
  return mapEncoding(encoding, (part) => ({
    ...part,
    offsets: part.offsets.map(([start, end], i) => {
      const positions = units[part.sequenceIds[i] ?? -1];
      return positions === undefined ? ([start, end] as const) : ([positions[start]!, positions[end]!] as const);
    }),
  }));
}

/** Where each code point begins, in UTF-16 units, and the whole length. */
function unitsOf(source: string): number[] {
  const positions = [0];
  for (const character of source) positions.push(positions.at(-1)! + character.length);
  return positions;
}
