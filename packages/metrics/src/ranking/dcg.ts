/** Gain that falls with the place it comes at. Järvelin & Kekäläinen 2002; of ties as McSherry & Najork 2008. */

import { discountedGain, gainOf, type NdcgOptions } from "./ndcg.ts";
import { QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

/**
 * Σ gain(i) ÷ log₂(i + 1) over places i from 1, the mean over queries: `Ndcg` before it is divided by the best.
 *
 * @example
 * const dcg = new Dcg();
 * dcg.update({ relevance: [3, 0], scores: [0.1, 0.9] });
 * dcg.result(); // 1.8927892607143721
 */
export class Dcg extends QueryMetric {
  readonly #gain: (relevance: number) => number;

  constructor({ gain = "linear", ...options }: NdcgOptions = {}) {
    super("Dcg", { ...options, more: `, gain ${gain}` });
    this.#gain = gainOf("Dcg", gain);
  }

  protected override score({ relevance, scores }: RankedQuery): number {
    return discountedGain(relevance.map(this.#gain), scores, this.k);
  }
}
