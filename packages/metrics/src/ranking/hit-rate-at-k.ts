/** The share of queries with a relevant item among the first k. */

import { type CutoffOptions, QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

/**
 * Queries with a relevant item among the k best-scored ÷ queries.
 *
 * @example
 * const metric = new HitRateAtK({ k: 2 });
 * metric.update({ relevance: [0, 1, 0], scores: [0.9, 0.5, 0.1] });
 * metric.result(); // 1
 */
export class HitRateAtK extends QueryMetric {
  constructor({ k }: Required<CutoffOptions>) {
    super("HitRateAtK", { k });
  }

  protected override score({ relevance }: RankedQuery): number {
    const hits = relevance.subarray(0, Math.min(this.k, relevance.length)).reduce((sum, value) => sum + Number(value > 0), 0);
    return Number(hits > 0);
  }
}
