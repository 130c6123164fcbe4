/** How far down the first relevant item stands. Voorhees 1999, "The TREC-8 question answering track report". */

import { type CutoffOptions, QueryMetric } from "./query-metric.ts";
import type { RankedQuery } from "./ranking-inputs.ts";

/**
 * Mean over queries of 1 ÷ the place of the first relevant item; 0 where none is among the k. Of equal scores, the item that came first stands first.
 *
 * @example
 * const mrr = new MeanReciprocalRank();
 * mrr.update({ relevance: [0, 1, 1], scores: [0.9, 0.5, 0.1] });
 * mrr.result(); // 0.5
 */
export class MeanReciprocalRank extends QueryMetric {
  constructor(options: CutoffOptions = {}) {
    super("MeanReciprocalRank", options);
  }

  protected override score({ relevance }: RankedQuery): number {
    const place = relevance.findIndex((value) => value > 0);
    return place < 0 || place >= this.k ? 0 : 1 / (place + 1);
  }
}
