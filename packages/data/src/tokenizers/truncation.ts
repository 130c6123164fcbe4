/** Cuts encodings to a length. Hugging Face tokenizers, `utils/truncation.rs`. */

import { OptionError } from "@dl/core";
import { type Encoding, emptyEncoding, sliceEncoding } from "./encoding.ts";
import type { JsonFields } from "./json-fields.ts";

export interface Truncation {
  /** The most tokens, those added around the texts included. */
  maximumLength: number;
  /** Tokens that a piece cut off repeats of the piece before. Default 0. */
  stride?: number | undefined;
  /** Which text of a pair is cut: the longer one first, or one of them alone. Default `"longest-first"`. */
  strategy?: "longest-first" | "only-first" | "only-second" | undefined;
  /** Which end is cut off. Default `"right"`. */
  direction?: "left" | "right" | undefined;
}

/** `null` in the file means no truncation. */
export function readTruncation(fields: JsonFields): Truncation {
  const strategies = { LongestFirst: "longest-first", OnlyFirst: "only-first", OnlySecond: "only-second" } as const;
  return {
    maximumLength: fields.count("max_length"),
    stride: fields.count("stride", 0),
    strategy: strategies[fields.choice("strategy", ["LongestFirst", "OnlyFirst", "OnlySecond"], "LongestFirst")],
    direction: fields.choice("direction", ["Left", "Right"], "Right") === "Left" ? "left" : "right",
  };
}

export function writeTruncation({ maximumLength, stride = 0, strategy = "longest-first", direction = "right" }: Truncation): object {
  const strategies = { "longest-first": "LongestFirst", "only-first": "OnlyFirst", "only-second": "OnlySecond" } as const;
  return { direction: direction === "left" ? "Left" : "Right", max_length: maximumLength, strategy: strategies[strategy], stride };
}

/** A text before it is cut, and which of its words are added tokens. */
export interface WholeText {
  readonly encoding: Encoding;
  readonly addedWords: ReadonlySet<number>;
}

/**
 * Tokens of a text up to the end of the word that reaches the maximum, from the end that stays: so far the reference reads, and by that it says
 * which text of a pair is the longer one. Added tokens are found before, and never the last to be read.
 */
function readLength({ encoding: { wordIds }, addedWords }: WholeText, { maximumLength, direction }: Truncation): number {
  const words = direction === "left" ? wordIds.slice().reverse() : wordIds;
  let read = 0;
  while (read < words.length) {
    const word = words[read];
    while (read < words.length && words[read] === word) read++;
    if (read >= maximumLength && !addedWords.has(word!)) break;
  }
  return read;
}

/** One text or a pair, cut so that with `added` special tokens it has at most `maximumLength`. */
export function truncateTexts(whole: readonly WholeText[], { added, truncation }: { added: number; truncation: Truncation }): Encoding[] {
  const { maximumLength, stride = 0, strategy = "longest-first", direction = "right" } = truncation;
  if (!Number.isInteger(maximumLength) || maximumLength < added) {
    throw new OptionError(
      `Tokenizer.encode: expected a whole truncation.maximumLength of at least ${added}, the tokens added around a text, got ${maximumLength}.`,
    );
  }
  if (!Number.isInteger(stride) || stride < 0)
    throw new OptionError(`Tokenizer.encode: expected a whole stride of at least 0, got ${stride}.`);
  const maximum = maximumLength - added;
  const texts = whole.map(({ encoding }) => encoding);
  const [first, second] = texts as [Encoding, Encoding | undefined];
  const total = first.ids.length + (second?.ids.length ?? 0);
  if (total <= maximum) return texts;
  const cut = (encoding: Encoding, length: number): Encoding => truncate(encoding, { length, stride, direction });
  if (strategy === "longest-first") {
    if (second === undefined) return [cut(first, maximum)];
    const [firstRead, secondRead] = whole.map((text) => readLength(text, truncation)) as [number, number];
    const [shorter, longer] = [firstRead, secondRead].sort((a, b) => a - b) as [number, number];
    // What the shorter leaves is the longer's; if that is less than half, both get half, the longer the odd one.
    let low = shorter;
    let high = Math.min(longer, Math.max(shorter, maximum - shorter));
    if (low + high > maximum) {
      low = Math.floor(maximum / 2);
      high = maximum - low;
    }
    return firstRead <= secondRead ? [cut(first, low), cut(second, high)] : [cut(first, high), cut(second, low)];
  }
  const chosen = strategy === "only-first" ? first : second;
  if (chosen === undefined || chosen.ids.length <= total - maximum) {
    throw new OptionError(
      `Tokenizer.encode: expected strategy ${strategy} to leave something of that text, got ${chosen?.ids.length ?? 0} tokens, of which ${total - maximum} would have to go. Raise maximumLength.`,
    );
  }
  const shortened = cut(chosen, chosen.ids.length - (total - maximum));
  return strategy === "only-first" ? [shortened, ...texts.slice(1)] : [first, shortened];
}

function truncate(
  encoding: Encoding,
  { length, stride, direction }: { length: number; stride: number; direction: "left" | "right" },
): Encoding {
  const whole = encoding.ids.length;
  if (length >= whole) return encoding;
  if (length === 0) return { ...emptyEncoding, overflowing: [encoding] };
  if (stride >= length)
    throw new OptionError(`Tokenizer.encode: expected a stride below the ${length} tokens that are kept, got ${stride}.`);
  const parts: Encoding[] = [];
  for (let at = 0; ; at += length - stride) {
    const start = direction === "right" ? at : Math.max(0, whole - at - length);
    const end = direction === "right" ? Math.min(whole, at + length) : whole - at;
    parts.push(sliceEncoding(encoding, start, end));
    if (direction === "right" ? end === whole : start === 0) break;
  }
  return { ...parts[0]!, overflowing: parts.slice(1) };
}
