/** Reads queries with the relevance and the score of each item, and checks them. */

import { DataError, OptionError, ShapeError } from "@dl/core";
import { flatNumbers, isHostTensor, type Numbers, requireNoNaN, requireSameSize, requireSome } from "../numbers.ts";

/** One query, flat, or `[Q, N]` as host tensors: a row a query. Queries of different lengths come one update each, or padded with `mask`. */
export interface RankingInputs {
  /** How good each item is, at least 0; for most metrics anything above 0 is relevant. */
  readonly relevance: Numbers;
  /** How high the model ranks each item. */
  readonly scores: Numbers;
  /** 0: padding, no item. Default: all are items. */
  readonly mask?: Numbers;
}

/** The items of one query, best-scored first; of equal scores, the one that came first. */
export interface RankedQuery {
  readonly relevance: Float64Array;
  readonly scores: Float64Array;
}

export function readQueries(where: string, { relevance, scores, mask }: RankingInputs): RankedQuery[] {
  requireSome(where, "relevance", relevance);
  requireSameSize(where, ["relevance", relevance], ["scores", scores]);
  if (mask !== undefined) requireSameSize(where, ["relevance", relevance], ["mask", mask]);
  requireNoNaN(where, "scores", scores);
  const [gains, ranks] = [flatNumbers(relevance), flatNumbers(scores)];
  const isItem = (i: number): boolean => mask === undefined || flatNumbers(mask)[i] !== 0;
  for (let i = 0; i < gains.length; i++) {
    if (!(gains[i]! >= 0 && gains[i]! < Infinity)) {
      throw new DataError(`${where}: expected relevance of at least 0, got ${gains[i]} at ${i}.`);
    }
  }
  const shape = isHostTensor(relevance) ? relevance.shape : [gains.length];
  if (shape.length > 2) throw new ShapeError(`${where}: expected queries [N] or [Q, N], got ${shape.length} axes.`);
  const length = shape.at(-1)!;
  return Array.from({ length: gains.length / length }, (_, query) => {
    const items = Array.from({ length }, (_, i) => query * length + i).filter(isItem);
    if (items.length === 0) throw new DataError(`${where}: expected an item in every query, got none in query ${query}.`);
    items.sort((a, b) => ranks[b]! - ranks[a]!);
    return { relevance: Float64Array.from(items, (i) => gains[i]!), scores: Float64Array.from(items, (i) => ranks[i]!) };
  });
}

/** Throws unless `k` is a whole number of at least 1, or not given. */
export function requireCutoff(where: string, k: number | undefined): void {
  if (k !== undefined && (!Number.isInteger(k) || k < 1)) throw new OptionError(`${where}: expected a whole k of at least 1, got ${k}.`);
}
