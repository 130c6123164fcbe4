/** A text as ids of its characters, and windows of it. */

import { DataError, hostTensor } from "@dl/core";
import type { Dataset, Example } from "@dl/data";

/** Characters in the order of their ids, and the way there and back. */
export class Alphabet {
  readonly characters: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  constructor(characters: readonly string[]) {
    this.characters = characters;
    this.#ids = new Map(characters.map((character, id) => [character, id]));
  }

  static of(text: string): Alphabet {
    return new Alphabet([...new Set(text)].sort());
  }

  /** Characters that are not known are left out. */
  encode(text: string): Int32Array {
    const ids: number[] = [];
    for (const character of text) {
      const id = this.#ids.get(character);
      if (id !== undefined) ids.push(id);
    }
    return Int32Array.from(ids);
  }

  decode(ids: readonly number[]): string {
    return ids.map((id) => this.characters[id]).join("");
  }

  /** In the form of Hugging Face's `tokenizer.json`: pairs are never merged, so every character is a token. */
  toTokenizerJson(): string {
    const vocab = Object.fromEntries(this.characters.map((character, id) => [character, id]));
    const none = { truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null };
    return `${JSON.stringify({ version: "1.0", ...none, decoder: { type: "Fuse" }, model: { type: "BPE", vocab, merges: [] } })}\n`;
  }

  /** @throws DataError for a damaged file, or another kind of tokenizer. */
  static fromTokenizerJson(text: string): Alphabet {
    let file: { readonly model?: { readonly vocab?: unknown } | null } | null;
    try {
      file = JSON.parse(text) as typeof file;
    } catch {
      throw new DataError("tokenizer.json: expected JSON, got something else. The file is damaged or cut off.");
    }
    const entries = Object.entries((file?.model?.vocab ?? {}) as Record<string, number>).sort((a, b) => a[1] - b[1]);
    if (entries.length === 0 || entries.some(([character, id], i) => id !== i || [...character].length !== 1)) {
      throw new DataError("tokenizer.json: expected a tokenizer of single characters, got another.");
    }
    return new Alphabet(entries.map(([character]) => character));
  }
}

/**
 * Every window of `size` ids, one for each place.
 *
 * @throws DataError for a text that is shorter.
 */
export function windowsOf(ids: Int32Array, size: number): Dataset<Example<"ids">> {
  const length = ids.length - size + 1;
  if (length < 1) throw new DataError(`Expected a text of at least ${size} characters that the model knows, got ${ids.length}.`);
  return { length, get: (at) => ({ ids: hostTensor(ids.slice(at, at + size), [size]) }) };
}
