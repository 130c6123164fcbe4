/** How many n-grams of a translation are in its references. Papineni et al. 2002; smoothing after Chen & Cherry 2014; as sacrebleu counts. */

import { OptionError } from "@dl/core";
import { SumsMetric } from "../sums-metric.ts";
import { type BleuTokenizer, bleuTokens } from "./bleu-tokenizers.ts";
import { countMatches, countNgrams, totalOf } from "./ngrams.ts";
import { readTexts, type TextInputs, type TextPair } from "./text-inputs.ts";

export interface BleuOptions {
  /** Default `13a`. */
  readonly tokenizer?: BleuTokenizer;
  /** Default `false`. */
  readonly lowercase?: boolean;
  /** The longest n-grams. Default 4. */
  readonly maxOrder?: number;
  /**
   * What an order without a match counts as: `exponential` halves it each time, `floor` counts `smoothingValue` matches (0.1), `addK` adds
   * `smoothingValue` (1) to matches and n-grams of order 2 and up, `none` makes the score 0. Default `exponential`.
   */
  readonly smoothing?: "exponential" | "floor" | "addK" | "none";
  readonly smoothingValue?: number;
  /** Leave out the orders that are longer than the text: for single sentences. Default `false`. */
  readonly effectiveOrder?: boolean;
}

export interface BleuResult {
  /** From 0 to 100. */
  readonly score: number;
  /** Smoothed precision of each order, from 0 to 100. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  readonly hypothesisLength: number;
  /** Of the references nearest in length. */
  readonly referenceLength: number;
}

/**
 * Corpus BLEU: sums of matches over all texts, then geometric mean of precisions × brevity penalty. Memory: ten numbers.
 *
 * @example
 * const bleu = new Bleu();
 * bleu.update({ hypotheses: ["the cat sat on the mat"], references: [["the cat sat on the mat", "a cat sat there"]] });
 * bleu.result().score; // 100.00000000000004
 */
export class Bleu extends SumsMetric<TextInputs, BleuResult> {
  readonly #options: Required<BleuOptions>;

  constructor(options: BleuOptions = {}) {
    const { tokenizer = "13a", lowercase = false, maxOrder = 4, smoothing = "exponential", effectiveOrder = false } = options;
    const smoothingValue = options.smoothingValue ?? (smoothing === "addK" ? 1 : 0.1);
    if (!Number.isInteger(maxOrder) || maxOrder < 1) throw new OptionError(`Bleu: expected a maxOrder of at least 1, got ${maxOrder}.`);
    if (!(smoothingValue > 0)) throw new OptionError(`Bleu: expected a smoothingValue above 0, got ${smoothingValue}.`);
    for (const [name, value, choices] of [
      ["tokenizer", tokenizer, ["13a", "intl", "char", "zh", "none"]],
      ["smoothing", smoothing, ["exponential", "floor", "addK", "none"]],
    ] as const) {
      if (!(choices as readonly string[]).includes(value))
        throw new OptionError(`Bleu: expected ${name} ${choices.join(", ")}, got ${value}.`);
    }
    const all = { tokenizer, lowercase, maxOrder, smoothing, smoothingValue, effectiveOrder };
    super("Bleu", { length: 2 + 2 * maxOrder, options: JSON.stringify(all) });
    this.#options = all;
  }

  protected override add(inputs: TextInputs, sums: Float64Array): void {
    for (const pair of readTexts("Bleu.update", inputs)) addPair(pair, sums, this.#options);
  }

  protected override answer(sums: Float64Array): BleuResult {
    return scoreOf(sums, this.#options);
  }
}

/** BLEU of one text against its references, with effective order: what sacrebleu's `sentence_bleu` gives. */
export function sentenceBleu(hypothesis: string, references: readonly string[], options: BleuOptions = {}): number {
  const bleu = new Bleu({ effectiveOrder: true, ...options });
  bleu.update({ hypotheses: [hypothesis], references: [references] });
  return bleu.result().score;
}

/** Sums: length, reference length, matches of each order, n-grams of each order. */
function addPair({ hypothesis, references }: TextPair, sums: Float64Array, options: Required<BleuOptions>): void {
  const { tokenizer, lowercase, maxOrder } = options;
  const tokensOf = (text: string): string[] => bleuTokens((lowercase ? text.toLowerCase() : text).trimEnd(), tokenizer);
  const tokens = tokensOf(hypothesis);
  const others = references.map(tokensOf);
  const nearest = others
    .map(({ length }) => length)
    .reduce((best, length) => {
      const [far, near] = [Math.abs(best - tokens.length), Math.abs(length - tokens.length)];
      return near < far || (near === far && length < best) ? length : best;
    });
  sums[0]! += tokens.length;
  sums[1]! += nearest;
  for (let n = 1; n <= maxOrder; n++) {
    const counts = countNgrams(tokens, n);
    const most = new Map<string, number>();
    for (const other of others) for (const [ngram, count] of countNgrams(other, n)) most.set(ngram, Math.max(count, most.get(ngram) ?? 0));
    sums[1 + n]! += countMatches(counts, most);
    sums[1 + maxOrder + n]! += totalOf(counts);
  }
}

function scoreOf(sums: Float64Array, options: Required<BleuOptions>): BleuResult {
  const { maxOrder, smoothing, smoothingValue, effectiveOrder } = options;
  const [hypothesisLength, referenceLength] = [sums[0]!, sums[1]!];
  const brevityPenalty =
    hypothesisLength >= referenceLength ? 1 : hypothesisLength > 0 ? Math.exp(1 - referenceLength / hypothesisLength) : 0;
  const precisions = new Array<number>(maxOrder).fill(0);
  const rest = { precisions, brevityPenalty, hypothesisLength, referenceLength };
  if (!sums.subarray(2, 2 + maxOrder).some((matches) => matches > 0)) return { score: 0, ...rest };
  let orders = maxOrder;
  let halving = 1;
  for (let n = 1; n <= maxOrder; n++) {
    const added = smoothing === "addK" && n > 1 ? smoothingValue : 0;
    const matches = sums[1 + n]! + added;
    const ngrams = sums[1 + maxOrder + n]! + added;
    if (ngrams === 0) break;
    if (effectiveOrder) orders = n;
    if (matches > 0) precisions[n - 1] = (100 * matches) / ngrams;
    else if (smoothing === "exponential") precisions[n - 1] = 100 / ((halving *= 2) * ngrams);
    else if (smoothing === "floor") precisions[n - 1] = (100 * smoothingValue) / ngrams;
  }
  const logs = precisions.slice(0, orders).reduce((sum, precision) => sum + Math.log(precision), 0);
  return { score: brevityPenalty * Math.exp(logs / orders), ...rest };
}
