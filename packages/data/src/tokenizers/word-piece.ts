/** WordPiece: the longest known piece first. Schuster and Nakajima 2012; Wu et al. 2016, arXiv:1609.08144; Devlin et al. 2018. */

import { DataError } from "@dl/core";
import type { TokenModel, WordToken } from "./word-level.ts";

export interface WordPieceOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownToken: string;
  /** Goes before every piece but the first of a word. */
  readonly continuingPrefix: string;
  /** A longer word is unknown. */
  readonly maximumCharacters: number;
}

export function wordPiece({ vocabulary, unknownToken, continuingPrefix, maximumCharacters }: WordPieceOptions): TokenModel {
  const unknown = vocabulary.get(unknownToken);
  const longest = Array.from(vocabulary.keys()).reduce((most, token) => Math.max(most, token.length), 0);
  return {
    tokenToId: vocabulary,
    idToToken: new Map(Array.from(vocabulary, ([token, id]) => [id, token])),
    tokenize: (characters) => {
      const tokens: WordToken[] = [];
      let start = characters.length > maximumCharacters ? Number.NaN : 0;
      while (start < characters.length) {
        const prefix = start > 0 ? continuingPrefix : "";
        let end = Math.min(characters.length, start + longest);
        for (; end > start; end--) {
          const token = prefix + characters.slice(start, end).join("");
          const id = vocabulary.get(token);
          if (id === undefined) continue;
          tokens.push({ id, token, start, end });
          break;
        }
        // One piece that is not known makes the whole word unknown.
        start = end > start ? end : Number.NaN;
      }
      if (!Number.isNaN(start)) return tokens;
      if (unknown === undefined) {
        throw new DataError(
          `Tokenizer.encode: expected every piece of ${JSON.stringify(characters.join(""))} or the unknown token ${JSON.stringify(unknownToken)} in the vocabulary, got neither.`,
        );
      }
      return [{ id: unknown, token: unknownToken, start: 0, end: characters.length }];
    },
  };
}
