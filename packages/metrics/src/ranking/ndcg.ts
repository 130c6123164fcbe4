/** How near a ranking comes to the best one. Järvelin & Kekäläinen 2002; gains of ties as McSherry & Najork 2008. */

import { OptionError } from "@dl/core";
import { type CutoffOptions, QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

export interface NdcgOptions extends CutoffOptions {
  /** What an item of relevance r is worth: `linear` r, as in scikit-learn, or `exponential` 2ʳ − 1 (Burges et al. 2005). Default `linear`. */
  readonly gain?: "linear" | "exponential";
}

/**
 * DCG ÷ DCG of the best order, with DCG = Σ gain(i) ÷ log₂(i + 1) over places i from 1. Items of equal score share their places, as in scikit-learn.
 * A query without relevance counts 0.
 *
 * @example
 * const ndcg = new Ndcg();
 * ndcg.update({ relevance: [3, 2, 0], scores: [0.1, 0.9, 0.2] });
 * ndcg.result(); // 0.8212377705398237
 */
export class Ndcg extends QueryMetric {
  readonly #gain: (relevance: number) => number;

  constructor({ gain = "linear", ...options }: NdcgOptions = {}) {
    super("Ndcg", { ...options, more: `, gain ${gain}` });
    this.#gain = gainOf("Ndcg", gain);
  }

  protected override score({ relevance, scores }: RankedQuery): number {
    const gains = relevance.map(this.#gain);
    const best = gains.toSorted((a, b) => b - a);
    const ideal = discountedGain(
      best,
      Float64Array.from(best, (_, i) => -i),
      this.k,
    );
    return ideal === 0 ? 0 : discountedGain(gains, scores, this.k) / ideal;
  }
}

/** What an item is worth, by its relevance. */
export function gainOf(where: string, gain: "linear" | "exponential"): (relevance: number) => number {
  if (gain !== "linear" && gain !== "exponential")
    throw new OptionError(`${where}: expected gain linear or exponential, got ${String(gain)}.`);
  return gain === "linear" ? (relevance) => relevance : (relevance) => 2 ** relevance - 1;
}

/** Σ gain ÷ log₂(place + 1) over the first `k` places; `scores` fall, and equal ones share the discounts of their places. */
export function discountedGain(gains: Float64Array, scores: Float64Array, k: number): number {
  let total = 0;
  for (let start = 0, end = 0; start < Math.min(k, gains.length); start = end) {
    let [gain, discount] = [0, 0];
    for (; end < gains.length && scores[end] === scores[start]; end++) {
      gain += gains[end]!;
      if (end < k) discount += 1 / Math.log2(end + 2);
    }
    total += (gain / (end - start)) * discount;
  }
  return total;
}
