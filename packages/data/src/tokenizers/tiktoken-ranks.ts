/** Tokenizers of OpenAI's files of ranks: a line a token, its bytes in base64 and its id. github.com/openai/tiktoken, `load_tiktoken_bpe`. */

import { DataError } from "@dl/core";
import { byteCharacters } from "./byte-alphabet.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { bpeFromFiles } from "./vocabulary-files.ts";

export interface BpeRanks {
  /** The file's text, such as that of `r50k_base.tiktoken`. */
  ranks: string;
  /** Tokens found in texts whose ids follow the last rank, such as `["<|endoftext|>"]`. Default none. */
  specialTokens?: readonly string[] | undefined;
  /** For error messages. */
  name?: string | undefined;
}

/**
 * A byte-level BPE tokenizer that cuts texts as GPT-2 does: for `r50k_base`, whose ids are GPT-2's. Later files, such as `cl100k_base`, go
 * with another way of cutting.
 *
 * A file of ranks has no merges; each token but the single bytes came of one: that which is left when the merges before it are made.
 *
 * @throws DataError for a file that is none of this kind, or with a token that no merge can make.
 */
export function bpeFromRanks({ ranks, specialTokens = [], name = "ranks" }: BpeRanks): Tokenizer {
  const rankOf = new Map<string, number>();
  for (const [i, line] of ranks.split(/\r?\n/).entries()) {
    if (line === "") continue;
    const [, base64, rank] = /^([A-Za-z0-9+/]+={0,2}) (\d+)$/.exec(line) ?? [];
    if (base64 === undefined || Number(rank) !== rankOf.size) {
      throw new DataError(
        `bpeFromRanks: expected a token in base64 and the rank ${rankOf.size} in line ${i + 1} of ${name}, got ${JSON.stringify(line.slice(0, 80))}.`,
      );
    }
    rankOf.set(Array.from(decodeBase64(base64, name), (byte) => byteCharacters[byte]!).join(""), Number(rank));
  }
  for (const character of byteCharacters) {
    if (!rankOf.has(character))
      throw new DataError(`bpeFromRanks: expected every byte to be a token of ${name}, got no ${JSON.stringify(character)}.`);
  }
  const merges: string[] = [];
  for (const [token, rank] of rankOf) {
    if (token.length === 1) continue;
    const [left, right, ...rest] = mergedBefore(token, { rank, rankOf });
    if (right === undefined || rest.length > 0) {
      throw new DataError(`bpeFromRanks: expected token ${rank} of ${name} to come of two tokens before it, got ${JSON.stringify(token)}.`);
    }
    merges.push(`${left} ${right}`);
  }
  const vocabulary = Object.fromEntries([...rankOf, ...specialTokens.map((token, i): [string, number] => [token, rankOf.size + i])]);
  return bpeFromFiles({ vocabulary, merges: merges.join("\n"), specialTokens });
}

/** The parts of `token` once all merges of a smaller rank are made, the smallest first. */
function mergedBefore(token: string, { rank, rankOf }: { rank: number; rankOf: ReadonlyMap<string, number> }): string[] {
  const parts = [...token];
  for (;;) {
    let [least, at] = [rank, -1];
    for (let i = 0; i + 1 < parts.length; i++) {
      const found = rankOf.get(parts[i]! + parts[i + 1]!);
      if (found !== undefined && found < least) [least, at] = [found, i];
    }
    if (at < 0) return parts;
    parts.splice(at, 2, parts[at]! + parts[at + 1]!);
  }
}

function decodeBase64(text: string, name: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new DataError(`bpeFromRanks: expected tokens in base64 in ${name}, got ${JSON.stringify(text.slice(0, 80))}.`);
  }
}
