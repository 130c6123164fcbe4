/** The share of the relevant items that are among the first k. */

import { type CutoffOptions, QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

/**
 * Relevant among the k best-scored ÷ relevant, averaged over queries. A query without relevant items counts 0.
 *
 * @example
 * const metric = new RecallAtK({ k: 2 });
 * metric.update({ relevance: [0, 1, 0], scores: [0.9, 0.5, 0.1] });
 * metric.result(); // 1
 */
export class RecallAtK extends QueryMetric {
  constructor({ k }: Required<CutoffOptions>) {
    super("RecallAtK", { k });
  }

  protected override score({ relevance }: RankedQuery): number {
    const hits = relevance.subarray(0, Math.min(this.k, relevance.length)).reduce((sum, value) => sum + Number(value > 0), 0);
    const relevant = relevance.reduce((sum, value) => sum + Number(value > 0), 0);
    return relevant === 0 ? 0 : hits / relevant;
  }
}
