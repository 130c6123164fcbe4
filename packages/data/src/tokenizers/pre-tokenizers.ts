/** Pre-tokenizers of tokenizer.json: how a text is cut into words before the model sees it. Hugging Face tokenizers, `pre_tokenizers`. */

import { UnsupportedError } from "@dl/core";
import { type AlignedText, findMatches, type SplitBehavior, splitAt } from "./aligned-text.ts";
import { toByteCharacters } from "./byte-alphabet.ts";
import { type JsonFields, wrong } from "./json-fields.ts";
import { fromOniguruma } from "./oniguruma.ts";
import { patternOf } from "./pattern.ts";

/** Pieces of a text as smaller pieces. */
export type PreTokenizer = (pieces: readonly AlignedText[]) => AlignedText[];

const behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;

/** Contractions, letters, digits and the rest, each with a space in front: Radford et al. 2019, GPT-2's `encoder.py`. */
const gpt2Pattern = fromOniguruma("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
const whitespace = /\p{White_Space}/gu;
const asciiPunctuation = "!-\\/:-@\\[-`\\{-~";
const punctuation = new RegExp(`[${asciiPunctuation}\\p{P}]`, "gu");
const wordsOrSymbols =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

/** The pre-tokenizer that `fields` describes. */
export function preTokenizer(fields: JsonFields): PreTokenizer {
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields.list("pretokenizers").map(preTokenizer);
      return (pieces) => steps.reduce<readonly AlignedText[]>((split, step) => step(split), pieces) as AlignedText[];
    }
    case "ByteLevel":
      return byteLevel(fields);
    case "Metaspace":
      return metaspace(fields);
    case "BertPreTokenizer": {
      const spaces = splitOn(whitespace, "Removed");
      const marks = splitOn(punctuation, "Isolated");
      return (pieces) => marks(spaces(pieces));
    }
    case "Whitespace":
      return splitOn(wordsOrSymbols, "Removed", { invert: true });
    case "WhitespaceSplit":
      return splitOn(whitespace, "Removed");
    case "Punctuation":
      return splitOn(punctuation, fields.choice("behavior", behaviors, "Isolated"));
    case "Digits":
      return splitOn(/\p{N}/gu, fields.boolean("individual_digits", false) ? "Isolated" : "Contiguous");
    case "CharDelimiterSplit":
      return splitOn(fields.string("delimiter"), "Removed");
    case "Split":
      return splitOn(patternOf(fields, "pattern"), fields.choice("behavior", behaviors), { invert: fields.boolean("invert", false) });
    case "FixedLength": {
      const length = fields.count("length", 5);
      if (length === 0) throw wrong(`${fields.path}.length`, "at least 1", length);
      return (pieces) =>
        pieces.flatMap((piece) =>
          Array.from({ length: Math.ceil(piece.length / length) }, (_, i) =>
            piece.slice(i * length, Math.min(piece.length, (i + 1) * length)),
          ),
        );
    }
    default:
      throw new UnsupportedError(`tokenizer.json: expected a known pre-tokenizer at ${fields.path}, got ${type}.`);
  }
}

function splitOn(pattern: RegExp | string, behavior: SplitBehavior, { invert = false }: { invert?: boolean } = {}): PreTokenizer {
  return (pieces) => pieces.flatMap((piece) => splitAt(piece, findMatches(piece, pattern), { behavior, invert }));
}

function byteLevel(fields: JsonFields): PreTokenizer {
  const prefixSpace = fields.boolean("add_prefix_space", true);
  const split = fields.boolean("use_regex", true) ? splitOn(gpt2Pattern, "Isolated") : (pieces: readonly AlignedText[]) => pieces;
  return (pieces) => {
    const prefixed = prefixSpace ? pieces.map((piece) => (piece.characters[0] === " " ? piece : piece.prepend(" "))) : pieces;
    return split(prefixed).map((piece) => piece.map(toByteCharacters));
  };
}

/** A space becomes a visible character, and a word begins with one. Kudo and Richardson 2018, section 3.1. */
function metaspace(fields: JsonFields): PreTokenizer {
  const replacement = fields.string("replacement", "▁");
  // Before 0.15 files said `add_prefix_space` for what is now a choice of three.
  const scheme = fields.choice(
    "prepend_scheme",
    ["always", "first", "never"],
    fields.boolean("add_prefix_space", true) ? "always" : "never",
  );
  const split = fields.boolean("split", true) ? splitOn(replacement, "MergedWithNext") : (pieces: readonly AlignedText[]) => [...pieces];
  return (pieces) =>
    split(
      pieces.map((piece) => {
        const visible = piece.replace(" ", replacement);
        const wanted = scheme === "always" || (scheme === "first" && visible.starts[0] === 0);
        return wanted && visible.characters[0] !== replacement ? visible.prepend(replacement) : visible;
      }),
    );
}
