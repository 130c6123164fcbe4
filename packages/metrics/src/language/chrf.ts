/** F-score of character n-grams, and of word n-grams for chrF++. Popović 2015, 2017; as sacrebleu counts. */

import { OptionError } from "@dl/core";
import { SumsMetric } from "../sums-metric.ts";
import { countMatches, countNgrams, totalOf } from "./ngrams.ts";
import { readTexts, type TextInputs, type TextPair, wordsOf } from "./text-inputs.ts";

export interface ChrfOptions {
  /** The longest character n-grams. Default 6. */
  readonly characterOrder?: number;
  /** The longest word n-grams. Default 0; 2 for chrF++. */
  readonly wordOrder?: number;
  /** Recall counts β times as much as precision. Default 2. */
  readonly beta?: number;
  readonly lowercase?: boolean;
}

/**
 * Corpus chrF, from 0 to 100: sums over texts of each one's best reference. White space is no character.
 *
 * @example
 * const chrf = new Chrf();
 * chrf.update({ hypotheses: ["a cat"], references: ["a cat"] });
 * chrf.result(); // 100
 */
export class Chrf extends SumsMetric<TextInputs> {
  readonly #options: Required<ChrfOptions>;

  constructor({ characterOrder = 6, wordOrder = 0, beta = 2, lowercase = false }: ChrfOptions = {}) {
    if (!Number.isInteger(characterOrder) || characterOrder < 1 || !Number.isInteger(wordOrder) || wordOrder < 0) {
      throw new OptionError(
        `Chrf: expected a characterOrder of at least 1 and a wordOrder of at least 0, got ${characterOrder} and ${wordOrder}.`,
      );
    }
    if (!(beta > 0)) throw new OptionError(`Chrf: expected a beta above 0, got ${beta}.`);
    const options = { characterOrder, wordOrder, beta, lowercase };
    super("Chrf", { length: 3 * (characterOrder + wordOrder), options: JSON.stringify(options) });
    this.#options = options;
  }

  protected override add(inputs: TextInputs, sums: Float64Array): void {
    for (const pair of readTexts("Chrf.update", inputs)) {
      const best = bestStatistics(pair, this.#options);
      for (let i = 0; i < sums.length; i++) sums[i]! += best[i]!;
    }
  }

  protected override answer(sums: Float64Array): number {
    return fScore(sums, this.#options.beta);
  }
}

/** Of each order: n-grams of the text, of the reference, and of both; for the reference with the highest score. */
function bestStatistics({ hypothesis, references }: TextPair, options: Required<ChrfOptions>): Float64Array {
  const own = ngramsOf(hypothesis, options);
  let best: Float64Array | undefined;
  let bestScore = -1;
  for (const reference of references) {
    const other = ngramsOf(reference, options);
    const statistics = Float64Array.from(
      own.flatMap((counts, order) => {
        const theirs = other[order]!;
        // An order that the reference is too short for does not count against the text.
        return [theirs.size === 0 ? 0 : totalOf(counts), totalOf(theirs), countMatches(counts, theirs)];
      }),
    );
    const score = fScore(statistics, options.beta);
    if (score > bestScore) [best, bestScore] = [statistics, score];
  }
  return best!;
}

function ngramsOf(text: string, { characterOrder, wordOrder, lowercase }: Required<ChrfOptions>): Map<string, number>[] {
  const cased = lowercase ? text.toLowerCase() : text;
  const characters = [...cased].filter((character) => /\S/u.test(character));
  const words = wordsOf(cased).flatMap(splitPunctuation);
  return [
    ...Array.from({ length: characterOrder }, (_, n) => countNgrams(characters, n + 1)),
    ...Array.from({ length: wordOrder }, (_, n) => countNgrams(words, n + 1)),
  ];
}

/** One mark of ASCII punctuation, at the end or else at the beginning, is a word of its own. */
function splitPunctuation(word: string): string[] {
  const characters = [...word];
  if (characters.length === 1) return [word];
  const isMark = (character: string): boolean => /[!-/:-@[-`{-~]/.test(character);
  if (isMark(characters.at(-1)!)) return [characters.slice(0, -1).join(""), characters.at(-1)!];
  return isMark(characters[0]!) ? [characters[0]!, characters.slice(1).join("")] : [word];
}

/** F of the mean precision and the mean recall over the orders that both sides have. */
function fScore(statistics: Float64Array, beta: number): number {
  let [precision, recall, orders] = [0, 0, 0];
  for (let i = 0; i < statistics.length; i += 3) {
    const [own, theirs, both] = [statistics[i]!, statistics[i + 1]!, statistics[i + 2]!];
    if (own === 0 || theirs === 0) continue;
    precision += both / own;
    recall += both / theirs;
    orders++;
  }
  if (precision + recall === 0) return 0;
  const square = beta * beta;
  return (100 * ((1 + square) * (precision / orders) * (recall / orders))) / ((square * precision + recall) / orders);
}
