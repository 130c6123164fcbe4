/** Answers to questions: exact match and overlap of words. Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1. */

import { SumsMetric } from "../sums-metric.ts";
import { countMatches, countNgrams } from "./ngrams.ts";
import { readTexts, type TextInputs, wordsOf } from "./text-inputs.ts";

export interface SquadResult {
  /** Per cent. */
  readonly exactMatch: number;
  /** Per cent. */
  readonly f1: number;
}

/**
 * Each answer against the reference it meets best. Case, ASCII punctuation, articles (a, an, the) and white space do not count.
 * A question without an answer has the reference `""`, as in SQuAD 2.0.
 *
 * @example
 * const squad = new Squad();
 * squad.update({ hypotheses: ["the Eiffel Tower", "in 1789"], references: [["Eiffel Tower"], ["1789", "July 1789"]] });
 * squad.result(); // { exactMatch: 50, f1: 83.33333333333333 }
 */
export class Squad extends SumsMetric<TextInputs, SquadResult> {
  constructor() {
    super("Squad", { length: 3 });
  }

  protected override add(inputs: TextInputs, sums: Float64Array): void {
    for (const { hypothesis, references } of readTexts("Squad.update", inputs)) {
      const own = answerWords(hypothesis);
      sums[0]! += Math.max(...references.map((reference) => Number(answerWords(reference).join(" ") === own.join(" "))));
      sums[1]! += Math.max(...references.map((reference) => overlap(own, answerWords(reference))));
      sums[2]!++;
    }
  }

  protected override answer(sums: Float64Array): SquadResult {
    return { exactMatch: (100 * sums[0]!) / sums[2]!, f1: (100 * sums[1]!) / sums[2]! };
  }
}

/** Whole words of any script, as Python's `\b` bounds them: JavaScript's knows the letters of ASCII alone, and finds an "a" in "ça". */
const articles = /(?<![\p{L}\p{N}_])(a|an|the)(?![\p{L}\p{N}_])/gu;

function answerWords(text: string): string[] {
  return wordsOf(
    text
      .toLowerCase()
      .replace(/[!-/:-@[-`{-~]/g, "")
      .replace(articles, " "),
  );
}

function overlap(own: readonly string[], theirs: readonly string[]): number {
  if (own.length === 0 || theirs.length === 0) return Number(own.length === theirs.length);
  const both = countMatches(countNgrams(own, 1), countNgrams(theirs, 1));
  return both === 0 ? 0 : (2 * both) / (own.length + theirs.length);
}
