/** Byte-pair encoding: the earliest learned merge first. Sennrich, Haddow, Birch 2015, arXiv:1508.07909. */

import { DataError } from "@dl/core";
import { MinHeap } from "./min-heap.ts";
import type { TokenModel, WordToken } from "./word-level.ts";

export interface BpeOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs of tokens, the first learned first. */
  readonly merges: readonly (readonly [string, string])[];
  readonly unknownToken?: string | undefined;
  /** Goes before every piece but the first of a word, as `##`. */
  readonly continuingPrefix?: string | undefined;
  /** Goes after the last piece of a word, as `</w>`. */
  readonly endOfWordSuffix?: string | undefined;
  /** Unknown characters in a row become one token. */
  readonly fuseUnknown?: boolean | undefined;
  /** Unknown characters become their bytes, as tokens `<0x41>`. */
  readonly byteFallback?: boolean | undefined;
  /** A word that is a token is one, whatever the merges say. */
  readonly ignoreMerges?: boolean | undefined;
}

interface Symbol {
  id: number;
  start: number;
  end: number;
  previous: number;
  next: number;
}

/** Words seen before are not merged again; this many are kept. */
const cacheSize = 10_000;

/** Longer words are merged again each time: they are rarely words. */
const longestCached = 64;

export function bpe(options: BpeOptions): TokenModel {
  const { vocabulary, merges, unknownToken, continuingPrefix = "", endOfWordSuffix = "" } = options;
  const { fuseUnknown = false, byteFallback = false, ignoreMerges = false } = options;
  const idToToken = new Map(Array.from(vocabulary, ([token, id]) => [id, token]));
  const idOf = (token: string, place: string): number => {
    const id = vocabulary.get(token);
    if (id === undefined)
      throw new DataError(`tokenizer.json: expected ${place} in the vocabulary, got ${JSON.stringify(token)}, which is not there.`);
    return id;
  };
  // Keyed by both ids in one number; ids stay far below 2²⁶.
  const ranks = new Map<number, { rank: number; id: number }>();
  for (const [rank, [left, right]] of merges.entries()) {
    const merged = left + right.slice(continuingPrefix.length);
    const key = pairKey(idOf(left, `merge ${rank}`), idOf(right, `merge ${rank}`));
    ranks.set(key, { rank, id: idOf(merged, `the result of merge ${rank}`) });
  }
  const unknown = unknownToken === undefined ? undefined : vocabulary.get(unknownToken);
  if (unknownToken !== undefined && unknown === undefined && !byteFallback) idOf(unknownToken, "the unknown token");
  const cache = new Map<string, readonly WordToken[]>();

  const symbolsOf = (characters: readonly string[]): Symbol[] => {
    const symbols: Symbol[] = [];
    let open: Symbol | undefined;
    const push = (id: number, start: number, end: number): Symbol => {
      const symbol = { id, start, end, previous: symbols.length - 1, next: symbols.length + 1 };
      symbols.push(symbol);
      return symbol;
    };
    for (const [i, character] of characters.entries()) {
      const piece = (i > 0 ? continuingPrefix : "") + character + (i === characters.length - 1 ? endOfWordSuffix : "");
      const id = vocabulary.get(piece);
      if (id !== undefined) {
        push(id, i, i + 1);
        open = undefined;
        continue;
      }
      const bytes = byteFallback ? byteTokens(piece, vocabulary) : undefined;
      if (bytes !== undefined) {
        for (const byte of bytes) push(byte, i, i + 1);
        open = undefined;
      } else if (unknown !== undefined) {
        if (fuseUnknown && open !== undefined) open.end = i + 1;
        else open = push(unknown, i, i + 1);
      }
      // Without an unknown token the character is left out, as the reference does.
    }
    return symbols;
  };

  const merge = (symbols: Symbol[]): WordToken[] => {
    const queue = new MinHeap<{ rank: number; at: number; right: number; id: number; pair: number }>(
      (a, b) => a.rank - b.rank || a.at - b.at,
    );
    const offer = (at: number): void => {
      const right = symbols[at]?.next ?? symbols.length;
      if (at < 0 || right >= symbols.length) return;
      const pair = pairKey(symbols[at]!.id, symbols[right]!.id);
      const found = ranks.get(pair);
      if (found !== undefined) queue.push({ rank: found.rank, at, right, id: found.id, pair });
    };
    for (let i = 0; i + 1 < symbols.length; i++) offer(i);
    for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
      const left = symbols[top.at]!;
      const right = symbols[top.right]!;
      // An entry is stale if either side has been merged since; a merged-away symbol has id −1.
      if (left.id < 0 || left.next !== top.right || pairKey(left.id, right.id) !== top.pair) continue;
      left.id = top.id;
      left.end = right.end;
      left.next = right.next;
      right.id = -1;
      if (left.next < symbols.length) symbols[left.next]!.previous = top.at;
      offer(left.previous);
      offer(top.at);
    }
    return symbols.filter(({ id }) => id >= 0).map(({ id, start, end }) => ({ id, token: idToToken.get(id)!, start, end }));
  };

  return {
    tokenToId: vocabulary,
    idToToken,
    tokenize: (characters) => {
      const word = characters.join("");
      const known = cache.get(word);
      if (known !== undefined) return known;
      const whole = ignoreMerges ? vocabulary.get(word) : undefined;
      const tokens = whole === undefined ? merge(symbolsOf(characters)) : [{ id: whole, token: word, start: 0, end: characters.length }];
      if (characters.length <= longestCached) {
        if (cache.size >= cacheSize) cache.clear();
        cache.set(word, tokens);
      }
      return tokens;
    },
  };
}

/** The ids of the tokens `<0x..>` of every byte, or `undefined` if the vocabulary lacks one. */
export function byteTokens(piece: string, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of new TextEncoder().encode(piece)) {
    const id = vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

function pairKey(left: number, right: number): number {
  return left * 2 ** 26 + right;
}
