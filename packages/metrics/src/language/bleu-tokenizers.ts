/** How BLEU splits texts into tokens, as sacrebleu does it: scores of different tokenizers do not compare. Post 2018, arXiv:1804.08771. */

import { wordsOf } from "./text-inputs.ts";

/**
 * - `13a`: mteval-v13a of WMT: punctuation stands alone, but for points and commas within numbers.
 * - `intl`: mteval-v14: every punctuation mark and symbol of Unicode.
 * - `char`: characters, for languages without spaces.
 * - `none`: split at white space.
 */
export type BleuTokenizer = "13a" | "intl" | "char" | "none";

export function bleuTokens(text: string, tokenizer: BleuTokenizer): string[] {
  switch (tokenizer) {
    case "none":
      return wordsOf(text);
    case "char":
      return [...text].filter((character) => /\S/u.test(character));
    case "intl":
      return wordsOf(
        text
          .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
          .replace(/(\p{P})(\P{N})/gu, " $1 $2")
          .replace(/(\p{S})/gu, " $1 "),
      );
    case "13a":
      return wordsOf(
        ` ${unescapeEntities(text.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " "))} `
          // ASCII punctuation but for the apostrophe, the comma, the hyphen and the point.
          .replace(/([{-~[-` -&(-+:-@/])/g, " $1 ")
          .replace(/([^0-9])([.,])/gu, "$1 $2 ")
          .replace(/([.,])([^0-9])/gu, " $1 $2")
          .replace(/([0-9])(-)/g, "$1 $2 "),
      );
    default:
      return tokenizer satisfies never;
  }
}

function unescapeEntities(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}
