/** Unicode normalisation that keeps track of places. Unicode Standard Annex 15. */

import { type AlignedText, AlignedTextBuilder } from "./aligned-text.ts";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/** Characters that may combine with the one before: marks, and the vowels and final consonants of Hangul. */
const combines = /^[\p{M}\u1160-\u11ff\u09be\u09d7]/u;

/**
 * `text` in a normal form. A character stands where the first of the characters it was made of stood: that is what Hugging Face
 * tokenizers say, and what their offsets are compared with.
 */
export function unicodeForm(text: AlignedText, form: UnicodeForm): AlignedText {
  const built = new AlignedTextBuilder();
  const decomposition = form === "NFKC" || form === "NFKD" ? "NFKD" : "NFD";
  for (let start = 0; start < text.length; ) {
    let end = start + 1;
    while (end < text.length && combines.test(text.characters[end]!)) end++;
    const segment = text.characters.slice(start, end).join("");
    const normal = Array.from(segment.normalize(form));
    if (normal.length === 1 && end - start === 1) built.add(normal[0]!, text.starts[start]!, text.ends[start]!);
    else {
      // Which character of the segment each decomposed one came from.
      const sources: number[] = [];
      for (let i = start; i < end; i++) for (const _ of text.characters[i]!.normalize(decomposition)) sources.push(i);
      let used = 0;
      for (const character of normal) {
        const source = sources[Math.min(used, sources.length - 1)]!;
        built.add(character, text.starts[source]!, text.ends[source]!);
        used += Array.from(character.normalize(decomposition)).length;
      }
    }
    start = end;
  }
  return built.text();
}
