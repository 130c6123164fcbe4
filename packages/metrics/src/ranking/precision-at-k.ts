/** The share of the first k items that are relevant. */

import { type CutoffOptions, QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

/**
 * Relevant among the k best-scored ÷ k, averaged over queries; with fewer items than k, ÷ the items.
 *
 * @example
 * const metric = new PrecisionAtK({ k: 2 });
 * metric.update({ relevance: [0, 1, 0], scores: [0.9, 0.5, 0.1] });
 * metric.result(); // 0.5
 */
export class PrecisionAtK extends QueryMetric {
  constructor({ k }: Required<CutoffOptions>) {
    super("PrecisionAtK", { k });
  }

  protected override score({ relevance }: RankedQuery): number {
    const hits = relevance.subarray(0, Math.min(this.k, relevance.length)).reduce((sum, value) => sum + Number(value > 0), 0);
    return hits / Math.min(this.k, relevance.length);
  }
}
