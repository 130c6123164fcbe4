/** Normalizers of tokenizer.json: what is done to a text before it is split. Hugging Face tokenizers, `normalizers`. */

import { UnsupportedError } from "@dl/core";
import type { AlignedText } from "./aligned-text.ts";
import { toByteCharacters } from "./byte-alphabet.ts";
import type { JsonFields } from "./json-fields.ts";
import { patternOf } from "./pattern.ts";
import { precompiledCharsmap } from "./precompiled-charsmap.ts";
import { unicodeForm } from "./unicode-forms.ts";

export type Normalizer = (text: AlignedText) => AlignedText;

const nonspacingMark = /^\p{Mn}$/u;
const whitespace = /^\p{White_Space}$/u;

/** The normalizer that `fields` describes. */
export function normalizer(fields: JsonFields): Normalizer {
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields.list("normalizers").map(normalizer);
      return (text) => steps.reduce((changed, step) => step(changed), text);
    }
    case "BertNormalizer":
      return bertNormalizer(fields);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => unicodeForm(text, type);
    case "Lowercase":
      return lowercase;
    case "StripAccents":
      return (text) => text.map((character) => (/^\p{M}$/u.test(character) ? "" : character));
    case "Strip":
      return strip(fields.boolean("strip_left", true), fields.boolean("strip_right", true));
    case "Prepend": {
      const prefix = fields.string("prepend");
      return (text) => text.prepend(prefix);
    }
    case "Replace": {
      const pattern = patternOf(fields, "pattern");
      const content = fields.string("content");
      return (text) => text.replace(pattern, content);
    }
    case "ByteLevel":
      return (text) => text.map(toByteCharacters);
    case "Nmt":
      return nmt;
    case "Precompiled":
      // A table of nothing is written as null.
      return fields.has("precompiled_charsmap")
        ? precompiledCharsmap(fields.string("precompiled_charsmap"), `${fields.path}.precompiled_charsmap`)
        : (text) => text;
    default:
      throw new UnsupportedError(`tokenizer.json: expected a known normalizer at ${fields.path}, got ${type}.`);
  }
}

// One character at a time: a Σ at the end of a word becomes σ, as it does in the reference.
const lowercase: Normalizer = (text) => text.map((character) => character.toLowerCase());

/** The `BasicTokenizer` of BERT up to its splitting. Devlin et al. 2018; google-research/bert, `tokenization.py`. */
function bertNormalizer(fields: JsonFields): Normalizer {
  const cleanText = fields.boolean("clean_text", true);
  const chinese = fields.boolean("handle_chinese_chars", true);
  const lower = fields.boolean("lowercase", true);
  const accents = fields.boolean("strip_accents", lower);
  return (text) => {
    if (cleanText) text = text.map((character) => (isControl(character) ? "" : isBertSpace(character) ? " " : character));
    if (chinese) text = text.map((character) => (isChinese(character.codePointAt(0)!) ? ` ${character} ` : character));
    if (accents) text = unicodeForm(text, "NFD").map((character) => (nonspacingMark.test(character) ? "" : character));
    return lower ? lowercase(text) : text;
  };
}

/** Of the control characters only tabs and line ends are spaces: a form feed or U+0085 goes, and what it parted is one word. */
function isControl(character: string): boolean {
  if (character === "\t" || character === "\n" || character === "\r") return false;
  return character === "\ufffd" || /^[\p{Cc}\p{Cf}\p{Co}]$/u.test(character);
}

function isBertSpace(character: string): boolean {
  return whitespace.test(character);
}

/** CJK ideographs, which stand for words: the blocks that BERT lists. */
function isChinese(point: number): boolean {
  return (
    (point >= 0x4e00 && point <= 0x9fff) ||
    (point >= 0x3400 && point <= 0x4dbf) ||
    (point >= 0x20000 && point <= 0x2a6df) ||
    (point >= 0x2a700 && point <= 0x2b73f) ||
    (point >= 0x2b740 && point <= 0x2b81f) ||
    (point >= 0x2b920 && point <= 0x2ceaf) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0x2f800 && point <= 0x2fa1f)
  );
}

function strip(left: boolean, right: boolean): Normalizer {
  return (text) => {
    let start = 0;
    let end = text.length;
    while (left && start < end && whitespace.test(text.characters[start]!)) start++;
    while (right && end > start && whitespace.test(text.characters[end - 1]!)) end--;
    return text.slice(start, end);
  };
}

/** The cleaning of the NMT recipe of SentencePiece: some controls removed, odd spaces made plain ones. */
const nmt: Normalizer = (text) =>
  text.map((character) => {
    const point = character.codePointAt(0)!;
    const removed =
      (point >= 1 && point <= 8) || point === 0xb || (point >= 0xe && point <= 0x1f) || point === 0x7f || point === 0x8f || point === 0x9f;
    if (removed) return "";
    const space =
      [0x9, 0xa, 0xc, 0xd, 0x1680, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd].includes(point) || (point >= 0x200b && point <= 0x200f);
    return space ? " " : character;
  });
