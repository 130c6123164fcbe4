/** What ranking metrics have in common: a number a query, averaged over queries. */

import { SumsMetric } from "../sums-metric.ts";
import { type RankedQuery, type RankingInputs, readQueries, requireCutoff } from "./ranking-inputs.ts";

export interface CutoffOptions {
  /** Look at the k best-scored items only. Default: at all. */
  readonly k?: number;
}

export abstract class QueryMetric extends SumsMetric<RankingInputs> {
  readonly #where: string;
  /** How many items are looked at. */
  protected readonly k: number;

  /** `more`: options beside `k`, as text; metrics merge whose options are equal. */
  constructor(name: string, { k, more = "" }: CutoffOptions & { readonly more?: string } = {}) {
    super(name, { length: 2, options: `k ${k ?? "all"}${more}` });
    requireCutoff(name, k);
    this.#where = `${name}.update`;
    this.k = k ?? Number.POSITIVE_INFINITY;
  }

  /** The metric of one query. */
  protected abstract score(query: RankedQuery): number;

  protected override add(inputs: RankingInputs, sums: Float64Array): void {
    for (const query of readQueries(this.#where, inputs)) {
      sums[0]! += this.score(query);
      sums[1]!++;
    }
  }

  protected override answer(sums: Float64Array): number {
    return sums[0]! / sums[1]!;
  }
}
