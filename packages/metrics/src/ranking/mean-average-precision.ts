/** Precision at every relevant item, averaged. Manning, Raghavan & Schütze 2008, section 8.4. */

import { type CutoffOptions, QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

/**
 * Mean over queries of Σ precision@i over relevant places i ≤ k ÷ relevant items (at most k). Items of equal score are taken at once, as in scikit-learn.
 * A query without relevant items counts 0.
 *
 * @example
 * const map = new RetrievalMeanAveragePrecision();
 * map.update({ relevance: [1, 0, 1], scores: [0.9, 0.5, 0.1] });
 * map.result(); // 0.8333333333333333
 */
export class RetrievalMeanAveragePrecision extends QueryMetric {
  constructor(options: CutoffOptions = {}) {
    super("RetrievalMeanAveragePrecision", options);
  }

  protected override score({ relevance, scores }: RankedQuery): number {
    const places = Math.min(this.k, relevance.length);
    const relevant = Math.min(
      this.k,
      relevance.reduce((sum, value) => sum + Number(value > 0), 0),
    );
    let [sum, hits] = [0, 0];
    for (let start = 0, end = 0; start < places; start = end) {
      const before = hits;
      for (; end < places && scores[end] === scores[start]; end++) hits += Number(relevance[end]! > 0);
      sum += ((hits - before) * hits) / end;
    }
    return relevant === 0 ? 0 : sum / relevant;
  }
}
