/** Sentences that come as words, each with a tag: their tokens, and where each word begins. */

import type { Tokenizer } from "@dl/data";
import { tokenId } from "./model-recipe.ts";

export interface EncodedWords {
  /** `[CLS]`, the tokens of the words, `[SEP]`. */
  readonly ids: readonly number[];
  /** The place of each word's first token; words beyond the context have none. */
  readonly starts: readonly number[];
}

/** Encodes sentences of words; a word that was met before is looked up. */
export function wordEncoder(tokenizer: Tokenizer, { context }: { context: number }): (words: readonly string[]) => EncodedWords {
  const [first, last, unknown] = ["[CLS]", "[SEP]", "[UNK]"].map((token) => tokenId(tokenizer, token)) as [number, number, number];
  const known = new Map<string, readonly number[]>();
  const idsOf = (word: string): readonly number[] => {
    let ids = known.get(word);
    if (ids === undefined) {
      ids = tokenizer.encode(word, { addSpecialTokens: false, truncation: null }).ids;
      // Characters that the tokenizer drops leave nothing, but a word must stand somewhere.
      if (ids.length === 0) ids = [unknown];
      known.set(word, ids);
    }
    return ids;
  };
  return (words) => {
    const ids = [first];
    const starts: number[] = [];
    for (const word of words) {
      const own = idsOf(word);
      if (ids.length + own.length >= context) break;
      starts.push(ids.length);
      ids.push(...own);
    }
    ids.push(last);
    return { ids, starts };
  };
}
