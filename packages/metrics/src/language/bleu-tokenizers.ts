/** How BLEU splits texts into tokens, as sacrebleu does it: scores of different tokenizers do not compare. Post 2018, arXiv:1804.08771. */

import { wordsOf } from "./text-inputs.ts";

/**
 * - `13a`: mteval-v13a of WMT: punctuation stands alone, but for points and commas within numbers.
 * - `intl`: mteval-v14: every punctuation mark and symbol of Unicode.
 * - `char`: characters, for languages without spaces.
 * - `zh`: Chinese characters stand alone, and punctuation as in `13a`.
 * - `none`: split at white space.
 */
export type BleuTokenizer = "13a" | "intl" | "char" | "zh" | "none";

// As sacrebleu lists them. U+2001 to U+2A6D are there by a slip of it (it writes the plane of U+20000 with four digits), and count for its scores.
const chinese =
  /([\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\u2001-\u2a6d\u2f81-\u2fa1\uff00-\uffef\u2e80-\u2eff\u3000-\u303f\u31c0-\u31ef\u2f00-\u2fdf\u2ff0-\u2fff\u3100-\u312f\u31a0-\u31bf\ufe10-\ufe1f\ufe30-\ufe4f\u3200-\u33ff])/gu;

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
      return wordsOf(apart(` ${unescapeEntities(text.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " "))} `));
    case "zh":
      return wordsOf(apart(text.trim().replace(chinese, " $1 ")));
    default:
      return tokenizer satisfies never;
  }
}

/** ASCII punctuation alone, but for the apostrophe, and points and commas within numbers. */
function apart(text: string): string {
  return text
    .replace(/([{-~[-` -&(-+:-@/])/g, " $1 ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/g, "$1 $2 ");
}

function unescapeEntities(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}
