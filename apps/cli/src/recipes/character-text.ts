/** Text as characters: the smallest of tokenizers, in the form of a `tokenizer.json` that every other reads. */

import { DataError, hostTensor } from "@dl/core";
import type { Dataset, Example, Transform } from "@dl/data";

export type Windows = Example<"ids">;

/** The characters of `text`, sorted: the place of one is its id. */
export function charactersOf(text: string): string[] {
  return [...new Set(text)].sort();
}

/** The ids of a text. Throws a DataError for a character that is none of `characters`. */
export function encodeCharacters(text: string, characters: readonly string[]): Int32Array {
  const idOf = new Map(characters.map((character, id) => [character, id]));
  return Int32Array.from(text, (character, at) => {
    const id = idOf.get(character);
    if (id === undefined) throw new DataError(`encodeCharacters: expected known characters, got ${JSON.stringify(character)} at ${at}.`);
    return id;
  });
}

/** Pairs are never merged, so every character is a token; decoding puts nothing between them. */
export function characterTokenizer(characters: readonly string[]): string {
  const vocab = Object.fromEntries(characters.map((character, id) => [character, id]));
  const none = { truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null };
  return `${JSON.stringify({ version: "1.0", ...none, decoder: { type: "Fuse" }, model: { type: "BPE", vocab, merges: [] } })}\n`;
}

/** So many places for windows of `size` ids, which `randomWindows` fills. */
export function windowSlots({ count, size }: { count: number; size: number }): Dataset<Windows> {
  return { length: count, get: () => ({ ids: hostTensor(new Int32Array(size), [size]) }) };
}

/** Windows from anywhere in `ids`, other ones each time, as nanoGPT draws them. */
export function randomWindows(ids: Int32Array): Transform<Windows> {
  return (batch, { rng }) => {
    const [rows, size] = batch.ids.shape as readonly [number, number];
    for (let row = 0; row < rows; row++) {
      const start = rng(row).integer(0, ids.length - size + 1);
      (batch.ids.data as Int32Array).set(ids.subarray(start, start + size), row * size);
    }
  };
}

/** The windows of `size` ids one after the other; each begins with the last id of the one before, so that every id is predicted once. */
export function windowsOf(ids: Int32Array, size: number): Dataset<Windows> {
  const length = Math.floor((ids.length - 1) / (size - 1));
  if (length < 1) throw new DataError(`windowsOf: expected at least ${size} ids, got ${ids.length}.`);
  return {
    length,
    get: (index) => ({ ids: hostTensor(ids.slice(index * (size - 1), index * (size - 1) + size), [size]) }),
  };
}
