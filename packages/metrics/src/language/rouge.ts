/** Overlap of a summary with a reference: n-grams and longest common subsequences. Lin 2004, "ROUGE: A package for automatic evaluation of summaries". */

import { OptionError } from "@dl/core";
import { SumsMetric } from "../sums-metric.ts";
import { countMatches, countNgrams, totalOf } from "./ngrams.ts";
import { readTexts, type TextInputs } from "./text-inputs.ts";

export interface RougeOptions {
  /** `1`, `2`, …: n-grams. `L`: the longest common subsequence. `Lsum`: of sentences, one a line, their union (Lin 2004, section 3.2). */
  readonly kind: number | "L" | "Lsum";
}

export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * Means over texts, each against the reference with the best F1. Words are runs of a–z and 0–9, lower-cased, and not stemmed.
 *
 * @example
 * const rouge = new Rouge({ kind: 1 });
 * rouge.update({ hypotheses: ["the cat"], references: ["the cat sat down"] });
 * rouge.result(); // { precision: 1, recall: 0.5, f1: 0.6666666666666666 }
 */
export class Rouge extends SumsMetric<TextInputs, RougeScore> {
  readonly #kind: number | "L" | "Lsum";

  constructor({ kind }: RougeOptions) {
    if (kind !== "L" && kind !== "Lsum" && !(Number.isInteger(kind) && kind >= 1)) {
      throw new OptionError(`Rouge: expected kind L, Lsum or a whole number of at least 1, got ${kind}.`);
    }
    super("Rouge", { length: 4, options: `kind ${kind}` });
    this.#kind = kind;
  }

  protected override add(inputs: TextInputs, sums: Float64Array): void {
    for (const { hypothesis, references } of readTexts("Rouge.update", inputs)) {
      const scores = references.map((reference) => scoreOf(hypothesis, reference, this.#kind));
      const { precision, recall, f1 } = scores.reduce((best, score) => (score.f1 > best.f1 ? score : best));
      sums[0]! += precision;
      sums[1]! += recall;
      sums[2]! += f1;
      sums[3]!++;
    }
  }

  protected override answer(sums: Float64Array): RougeScore {
    return { precision: sums[0]! / sums[3]!, recall: sums[1]! / sums[3]!, f1: sums[2]! / sums[3]! };
  }
}

function scoreOf(hypothesis: string, reference: string, kind: number | "L" | "Lsum"): RougeScore {
  if (kind === "Lsum") return scoreOfSentences(hypothesis.split("\n").map(rougeWords), reference.split("\n").map(rougeWords));
  const [own, theirs] = [rougeWords(hypothesis), rougeWords(reference)];
  if (kind === "L") return ratios(commonPlaces(theirs, own).length, own.length, theirs.length);
  const [ownCounts, theirCounts] = [countNgrams(own, kind), countNgrams(theirs, kind)];
  return ratios(countMatches(ownCounts, theirCounts), totalOf(ownCounts), totalOf(theirCounts));
}

/** Words of each reference sentence that are in its common subsequence with any sentence of the summary, none counted oftener than it is there. */
function scoreOfSentences(own: readonly string[][], theirs: readonly string[][]): RougeScore {
  const left = countNgrams(own.flat(), 1);
  const leftThere = countNgrams(theirs.flat(), 1);
  let hits = 0;
  for (const sentence of theirs) {
    const places = new Set(own.flatMap((other) => commonPlaces(sentence, other)));
    for (const place of [...places].sort((a, b) => a - b)) {
      const word = sentence[place]!;
      if ((left.get(word) ?? 0) === 0 || (leftThere.get(word) ?? 0) === 0) continue;
      left.set(word, left.get(word)! - 1);
      leftThere.set(word, leftThere.get(word)! - 1);
      hits++;
    }
  }
  return ratios(hits, own.flat().length, theirs.flat().length);
}

function ratios(hits: number, own: number, theirs: number): RougeScore {
  const precision = own === 0 ? 0 : hits / own;
  const recall = theirs === 0 ? 0 : hits / theirs;
  return { precision, recall, f1: hits === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

function rougeWords(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** Places in `a` of a longest common subsequence with `b`. O(|a|·|b|). */
function commonPlaces(a: readonly string[], b: readonly string[]): number[] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      lengths[i * width + j] =
        a[i - 1] === b[j - 1]
          ? lengths[(i - 1) * width + j - 1]! + 1
          : Math.max(lengths[(i - 1) * width + j]!, lengths[i * width + j - 1]!);
    }
  }
  const places: number[] = [];
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      places.push(i - 1);
      i--;
      j--;
    } else if (lengths[i * width + j - 1]! > lengths[(i - 1) * width + j]!) j--;
    else i--;
  }
  return places.reverse();
}
