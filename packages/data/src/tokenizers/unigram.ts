/** Unigram language model: the most probable way to cut a word. Kudo 2018, arXiv:1804.10959; Viterbi 1967 for the search. */

import { DataError } from "@dl/core";
import { byteTokens } from "./bpe.ts";
import type { TokenModel, WordToken } from "./word-level.ts";

export interface UnigramOptions {
  /** Pieces with their log probabilities; a piece's id is its place. */
  readonly pieces: readonly (readonly [piece: string, score: number])[];
  /** Which piece stands for what is unknown. */
  readonly unknownId?: number | undefined;
  /** Unknown characters become their bytes, as pieces `<0x41>`. */
  readonly byteFallback?: boolean | undefined;
}

/** An unknown character costs this much more than the least probable piece: sentencepiece, `kUnkPenalty`. */
const unknownPenalty = 10;

interface Trie {
  readonly next: Map<string, Trie>;
  id: number;
}

export function unigram({ pieces, unknownId, byteFallback = false }: UnigramOptions): TokenModel {
  const vocabulary = new Map(pieces.map(([piece], id) => [piece, id]));
  const root: Trie = { next: new Map(), id: -1 };
  let lowest = Infinity;
  for (const [piece, score] of pieces) {
    lowest = Math.min(lowest, score);
    let node = root;
    for (const character of piece) {
      let next = node.next.get(character);
      if (next === undefined) node.next.set(character, (next = { next: new Map(), id: -1 }));
      node = next;
    }
    node.id = vocabulary.get(piece)!;
  }
  const unknownScore = lowest - unknownPenalty;

  /** Ends of the pieces of the best path, last first, with the id of each. */
  const bestPath = (characters: readonly string[]): { start: number; end: number; id: number }[] => {
    const best = characters.map(() => ({ score: 0, from: -1, id: -1 }));
    best.push({ score: 0, from: -1, id: -1 });
    const offer = (end: number, score: number, from: number, id: number): void => {
      const target = best[end]!;
      if (target.from < 0 || score > target.score) best[end] = { score, from, id };
    };
    for (let start = 0; start < characters.length; start++) {
      const reached = best[start]!.score;
      let single = false;
      let node: Trie | undefined = root;
      for (let end = start; end < characters.length; end++) {
        node = node.next.get(characters[end]!);
        if (node === undefined) break;
        if (node.id < 0) continue;
        offer(end + 1, reached + pieces[node.id]![1], start, node.id);
        if (end === start) single = true;
      }
      if (!single) offer(start + 1, reached + unknownScore, start, -1);
    }
    const path: { start: number; end: number; id: number }[] = [];
    for (let end = characters.length; end > 0; end = best[end]!.from) path.push({ start: best[end]!.from, end, id: best[end]!.id });
    return path.reverse();
  };

  return {
    tokenToId: vocabulary,
    idToToken: new Map(pieces.map(([piece], id) => [id, piece])),
    tokenize: (characters) => {
      const tokens: WordToken[] = [];
      const path = bestPath(characters);
      for (let i = 0; i < path.length; i++) {
        const { start, id } = path[i]!;
        let { end } = path[i]!;
        if (id >= 0 && id !== unknownId) {
          tokens.push({ id, token: pieces[id]![0], start, end });
          continue;
        }
        // Unknown characters in a row are one unknown token.
        while (i + 1 < path.length && (path[i + 1]!.id < 0 || path[i + 1]!.id === unknownId)) end = path[++i]!.end;
        const text = characters.slice(start, end).join("");
        const bytes = byteFallback ? byteTokens(text, vocabulary) : undefined;
        if (bytes !== undefined) for (const byte of bytes) tokens.push({ id: byte, token: pieces[byte]![0], start, end });
        else if (unknownId !== undefined) tokens.push({ id: unknownId, token: text, start, end });
        else {
          throw new DataError(
            `Tokenizer.encode: expected an unknown token for ${JSON.stringify(text)}, which no piece covers, got a model without one.`,
          );
        }
      }
      return tokens;
    },
  };
}
