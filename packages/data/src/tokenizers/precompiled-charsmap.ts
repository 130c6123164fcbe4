/**
 * The normalisation table of a SentencePiece model: a double-array trie from byte strings to places in a list of replacements.
 * Kudo and Richardson 2018, arXiv:1808.06226, section 3.2; sentencepiece, `src/normalizer.cc`; Darts-clone for the trie's units.
 */

import { type AlignedText, AlignedTextBuilder } from "./aligned-text.ts";
import { wrong } from "./json-fields.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** The table in `base64`, as a function. */
export function precompiledCharsmap(base64: string, path: string): (text: AlignedText) => AlignedText {
  let blob: Uint8Array;
  try {
    blob = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw wrong(path, "base64", base64.slice(0, 20));
  }
  const view = new DataView(blob.buffer);
  const trieBytes = blob.length < 4 ? -1 : view.getUint32(0, true);
  if (trieBytes < 0 || trieBytes % 4 !== 0 || 4 + trieBytes > blob.length) throw wrong(path, "a whole table", `${blob.length} bytes`);
  const trie = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const replacements = blob.subarray(4 + trieBytes);

  /** What the shortest prefix of `piece` in the table is replaced by, as the reference does for whole pieces. */
  const replacementOf = (piece: string): string | undefined => {
    let node = 0;
    let unit = trie[0] ?? 0;
    node ^= offsetOf(unit);
    for (const byte of encoder.encode(piece)) {
      if (byte === 0) return undefined;
      node ^= byte;
      unit = trie[node] ?? 0;
      if (labelOf(unit) !== byte) return undefined;
      node ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) {
        const start = (trie[node] ?? 0) & 0x7fffffff;
        let end = start;
        while (end < replacements.length && replacements[end] !== 0) end++;
        return decoder.decode(replacements.subarray(start, end));
      }
    }
    return undefined;
  };
  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

  return (text) => {
    const built = new AlignedTextBuilder();
    let at = 0;
    for (const { segment } of graphemes.segment(text.toString())) {
      const characters = Array.from(segment);
      // Short graphemes are looked up whole, so that a letter and its accent can become one.
      const whole = encoder.encode(segment).length < 6 ? replacementOf(segment) : undefined;
      if (whole !== undefined) {
        addSpread(built, whole, text, at, at + characters.length);
        at += characters.length;
        continue;
      }
      for (const character of characters) {
        built.add(replacementOf(character) ?? character, text.starts[at]!, text.ends[at]!);
        at++;
      }
    }
    return built.text();
  };
}

/** `replacement` in the place of characters `from … to`: one for one as far as they go, the rest with the last. */
function addSpread(built: AlignedTextBuilder, replacement: string, text: AlignedText, from: number, to: number): void {
  let at = from;
  for (const character of replacement) {
    built.add(character, text.starts[Math.min(at, to - 1)]!, text.ends[Math.min(at, to - 1)]!);
    at++;
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}

function labelOf(unit: number): number {
  return (unit & ((2 ** 31) | 0xff)) >>> 0;
}
