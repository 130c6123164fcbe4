/**
 * Learns byte-pair merges from counted words. Sennrich, Haddow, Birch 2015, arXiv:1508.07909, algorithm 1; order of ties and of
 * the vocabulary as in Hugging Face tokenizers (`bpe/trainer.rs`), so that equal corpora give equal files.
 */

import { OptionError } from "@dl/core";
import { MinHeap } from "./min-heap.ts";

export interface LearnMergesOptions {
  /** Tokens in the end, special ones and the alphabet included. */
  vocabularySize: number;
  /** First in the vocabulary, in this order; never part of a merge. */
  specialTokens: readonly string[];
  /** Characters that are tokens whether or not they occur. */
  initialAlphabet: readonly string[];
  /** A pair that occurs less often is not merged. */
  minimumFrequency: number;
  /** Goes before every piece but the first of a word. */
  continuingPrefix: string;
}

export interface LearnedMerges {
  readonly vocabulary: Map<string, number>;
  readonly merges: [string, string][];
}

/** A pair of tokens and how often it stood together when it was queued. */
interface Candidate {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** @param words How often each word occurs. */
export function learnMerges(words: ReadonlyMap<string, number>, options: LearnMergesOptions): LearnedMerges {
  const { vocabularySize, specialTokens, initialAlphabet, minimumFrequency, continuingPrefix } = options;
  const tokens: string[] = [];
  const vocabulary = new Map<string, number>();
  const idOf = (token: string): number => {
    let id = vocabulary.get(token);
    if (id === undefined) {
      vocabulary.set(token, (id = tokens.length));
      tokens.push(token);
    }
    return id;
  };
  for (const token of specialTokens) idOf(token);
  const alphabet = new Set(initialAlphabet);
  for (const word of words.keys()) for (const character of word) alphabet.add(character);
  for (const character of [...alphabet].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)) idOf(character);

  // In one order, so that the order of the texts makes no difference.
  const sorted = [...words].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const counts = sorted.map(([, count]) => count);
  const symbols = sorted.map(([word]) => Array.from(word, (character, i) => idOf(i === 0 ? character : continuingPrefix + character)));
  if (tokens.length > vocabularySize) {
    throw new OptionError(
      `train: expected a vocabularySize of at least ${tokens.length}, the special tokens and the alphabet, got ${vocabularySize}.`,
    );
  }

  const pairs = new PairCounts();
  for (const [word, ids] of symbols.entries()) {
    for (let i = 0; i + 1 < ids.length; i++) pairs.add(ids[i]!, ids[i + 1]!, { word, count: counts[word]! });
  }
  const merges: [string, string][] = [];
  while (tokens.length < vocabularySize) {
    const best = pairs.takeBest();
    if (best === undefined || best.count < Math.max(1, minimumFrequency)) break;
    const { left, right } = best;
    const merged = idOf(tokens[left]! + tokens[right]!.slice(continuingPrefix.length));
    merges.push([tokens[left]!, tokens[right]!]);
    for (const word of best.words) {
      const ids = symbols[word]!;
      const change = (a: number, b: number, sign: 1 | -1): void => pairs.add(a, b, { word, count: sign * counts[word]! });
      let kept = 0;
      for (let i = 0; i < ids.length; i++) {
        const previous = ids[kept - 1];
        if (ids[i] !== left || ids[i + 1] !== right) {
          ids[kept++] = ids[i]!;
          continue;
        }
        const next = ids[i + 2];
        if (kept > 0) {
          change(previous!, left, -1);
          change(previous!, merged, 1);
        }
        if (next !== undefined) {
          change(right, next, -1);
          change(merged, next, 1);
        }
        ids[kept++] = merged;
        i++;
      }
      ids.length = kept;
    }
    pairs.queueChanged();
  }
  return { vocabulary, merges };
}

/** How often each pair stands together, and where; the most frequent at hand. */
class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #words = new Map<number, Set<number>>();
  readonly #changed = new Set<number>();
  // The most frequent first, ties to the lower ids.
  readonly #queue = new MinHeap<Candidate>((a, b) => b.count - a.count || a.left - b.left || a.right - b.right);
  #queued = false;

  add(left: number, right: number, { word, count }: { word: number; count: number }): void {
    const key = left * 2 ** 26 + right;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    if (count < 0) return;
    let words = this.#words.get(key);
    if (words === undefined) this.#words.set(key, (words = new Set()));
    words.add(word);
    this.#changed.add(key);
  }

  /** Makes the pairs that were added to candidates. */
  queueChanged(): void {
    for (const key of this.#changed) this.#push(key);
    this.#changed.clear();
  }

  takeBest(): (Candidate & { readonly words: readonly number[] }) | undefined {
    if (!this.#queued) this.queueChanged();
    this.#queued = true;
    for (let top = this.#queue.pop(); top !== undefined; top = this.#queue.pop()) {
      const key = top.left * 2 ** 26 + top.right;
      const count = this.#counts.get(key) ?? 0;
      if (count <= 0) continue;
      // Merges since may have made it rarer: it goes back to its place.
      if (count !== top.count) {
        this.#push(key);
        continue;
      }
      const words = [...this.#words.get(key)!];
      this.#counts.delete(key);
      this.#words.delete(key);
      return { ...top, words };
    }
    return undefined;
  }

  #push(key: number): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 0) this.#queue.push({ left: Math.floor(key / 2 ** 26), right: key % 2 ** 26, count });
  }
}
