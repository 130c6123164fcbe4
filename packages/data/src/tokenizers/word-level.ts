/** A token is a word of the list; any other is unknown. */

import { DataError } from "@dl/core";

/** A token, and the characters `[start, end)` of the word it covers. */
export interface WordToken {
  readonly id: number;
  readonly token: string;
  readonly start: number;
  readonly end: number;
}

export interface TokenModel {
  readonly tokenToId: ReadonlyMap<string, number>;
  readonly idToToken: ReadonlyMap<number, string>;
  /** The tokens of one word, given as its characters (code points). */
  tokenize(characters: readonly string[]): readonly WordToken[];
}

export interface WordLevelOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownToken: string;
}

export function wordLevel({ vocabulary, unknownToken }: WordLevelOptions): TokenModel {
  const unknown = vocabulary.get(unknownToken);
  return {
    tokenToId: vocabulary,
    idToToken: new Map(Array.from(vocabulary, ([token, id]) => [id, token])),
    tokenize: (characters) => {
      const word = characters.join("");
      const id = vocabulary.get(word);
      if (id !== undefined) return [{ id, token: word, start: 0, end: characters.length }];
      if (unknown === undefined) {
        throw new DataError(
          `Tokenizer.encode: expected ${JSON.stringify(word)} or the unknown token ${JSON.stringify(unknownToken)} in the vocabulary, got neither.`,
        );
      }
      return [{ id: unknown, token: unknownToken, start: 0, end: characters.length }];
    },
  };
}
