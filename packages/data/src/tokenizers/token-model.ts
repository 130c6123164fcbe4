/** What every tokenizer model does: words into tokens. */

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
