/** Tokens that are found in the text itself, before any model: `[CLS]`, `<|endoftext|>`. Hugging Face tokenizers, `AddedVocabulary`. */

import type { AlignedText } from "./aligned-text.ts";
import type { JsonFields } from "./json-fields.ts";
import { escapeRegExp } from "./oniguruma.ts";

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out by `decode`, and never split. */
  readonly special: boolean;
  /** Found only where no letter or digit is next to it. Default `false`. */
  readonly singleWord: boolean;
  /** Takes the spaces before it along. Default `false`. */
  readonly stripLeft: boolean;
  /** Takes the spaces after it along. Default `false`. */
  readonly stripRight: boolean;
  /** Looked for in the normalized text, not in the raw one. Default: unless special. */
  readonly normalized: boolean;
}

export function readAddedToken(fields: JsonFields): AddedToken {
  const special = fields.boolean("special", false);
  return {
    id: fields.count("id"),
    content: fields.string("content"),
    special,
    singleWord: fields.boolean("single_word", false),
    stripLeft: fields.boolean("lstrip", false),
    stripRight: fields.boolean("rstrip", false),
    normalized: fields.boolean("normalized", !special),
  };
}

/** A piece of a text: an added token, or what is for the model. */
export interface TextPiece {
  readonly text: AlignedText;
  readonly added: AddedToken | undefined;
}

const wordCharacter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const space = /^\p{White_Space}$/u;

/** Cuts texts at the tokens of a list: the leftmost first, of those the longest. */
export class AddedTokenFinder {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #pattern: RegExp | undefined;

  constructor(tokens: ReadonlyMap<string, AddedToken>) {
    this.#tokens = tokens;
    const contents = [...tokens.keys()].filter((content) => content !== "").sort((a, b) => b.length - a.length);
    this.#pattern = contents.length === 0 ? undefined : new RegExp(contents.map(escapeRegExp).join("|"), "gu");
  }

  split(text: AlignedText): TextPiece[] {
    if (this.#pattern === undefined) return [{ text, added: undefined }];
    const { characters } = text;
    const pieces: TextPiece[] = [];
    let done = 0;
    let unit = 0;
    let point = 0;
    for (const { 0: content, index } of text.toString().matchAll(this.#pattern)) {
      const added = this.#tokens.get(content)!;
      while (unit < index) unit += characters[point++]!.length;
      let start = point;
      let end = point + Array.from(content).length;
      if (start < done) continue;
      const inWord = wordCharacter.test(characters[start - 1] ?? "") || wordCharacter.test(characters[end] ?? "");
      if (added.singleWord && inWord) continue;
      if (added.stripLeft) while (start > done && space.test(characters[start - 1]!)) start--;
      if (added.stripRight) while (end < characters.length && space.test(characters[end]!)) end++;
      if (start > done) pieces.push({ text: text.slice(done, start), added: undefined });
      pieces.push({ text: text.slice(start, end), added });
      done = end;
    }
    if (done < characters.length) pieces.push({ text: text.slice(done), added: undefined });
    return pieces;
  }
}
