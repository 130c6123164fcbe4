/** How many equally likely tokens a language model hesitates between. Jelinek et al. 1977. */

import { DataError } from "@dl/core";
import { readScoreRows } from "../classification/class-inputs.ts";
import { logSumExp } from "../classification/probability-inputs.ts";
import { flatNumbers, type Numbers, requireNoNaN, requireSome } from "../numbers.ts";
import { SumsMetric } from "../sums-metric.ts";

export interface PerplexityOptions {
  /** A target that is left out, such as padding. Default −100, as in PyTorch. */
  readonly ignoreLabel?: number;
}

/** Logits `[…, V]` with targets `[…]`; or losses of tokens in nats, as a training loop has them: a mean and the number of tokens. */
export type PerplexityInputs =
  | { readonly targets: Numbers; readonly logits: Numbers; readonly losses?: never }
  | { readonly losses: Numbers; readonly targets?: never; readonly logits?: never };

/**
 * exp of the mean loss of a token.
 *
 * @example
 * const perplexity = new Perplexity();
 * perplexity.update({ targets: [1], logits: [0, 0, 0, 0] });
 * perplexity.result(); // 4
 */
export class Perplexity extends SumsMetric<PerplexityInputs> {
  readonly #ignoreLabel: number;

  constructor({ ignoreLabel = -100 }: PerplexityOptions = {}) {
    super("Perplexity", { length: 2, options: `ignoreLabel ${ignoreLabel}` });
    this.#ignoreLabel = ignoreLabel;
  }

  protected override add(inputs: PerplexityInputs, sums: Float64Array): void {
    if (inputs.losses !== undefined) {
      requireSome("Perplexity.update", "losses", inputs.losses);
      requireNoNaN("Perplexity.update", "losses", inputs.losses);
      const losses = flatNumbers(inputs.losses);
      for (let i = 0; i < losses.length; i++) sums[0]! += losses[i]!;
      sums[1]! += losses.length;
      return;
    }
    const rows = readScoreRows(
      "Perplexity.update",
      { labels: inputs.targets, scores: inputs.logits },
      { classes: undefined, ignoreLabel: this.#ignoreLabel },
    );
    for (let i = 0; i < rows.labels.length; i++) {
      if (rows.weights[i] === 0) continue;
      const start = i * rows.classes;
      sums[0]! += logSumExp(rows.scores, start, rows.classes) - rows.scores[start + rows.labels[i]!]!;
      sums[1]!++;
    }
  }

  protected override answer(sums: Float64Array): number {
    if (sums[1] === 0) throw new DataError("Perplexity.result: expected a target, got ignored ones alone.");
    return Math.exp(sums[0]! / sums[1]!);
  }
}
