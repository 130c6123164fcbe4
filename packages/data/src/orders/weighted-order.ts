/** Examples in proportion to a weight. Without replacement: Efraimidis and Spirakis 2006, algorithm A. */

import { DataError, OptionError } from "@dl/core";
import type { Order } from "./order.ts";

export interface WeightedOrderOptions {
  /** Examples in a pass. Default: as many as the dataset has. */
  draws?: number | undefined;
  /** Whether an example may come more than once. Default `true`. */
  replacement?: boolean | undefined;
}

/**
 * Draws examples with probability in proportion to `weights`, one an example.
 *
 * @example
 * const weights = [1, 1, 8];
 * const [batch] = batches(points, { batchSize: 3, shuffle: rng, order: weightedOrder(weights) });
 */
export function weightedOrder(weights: ArrayLike<number>, { draws, replacement = true }: WeightedOrderOptions = {}): Order {
  const kept = Float64Array.from(weights);
  let positive = 0;
  for (const [i, weight] of kept.entries()) {
    if (!(weight >= 0 && weight < Infinity))
      throw new OptionError(`weightedOrder: expected finite weights of at least 0, got ${weight} at ${i}.`);
    if (weight > 0) positive++;
  }
  if (positive === 0) throw new OptionError("weightedOrder: expected at least one weight above 0, got none.");
  checkDraws("weightedOrder", draws);
  return ({ length, rng }) => {
    if (kept.length !== length) throw new DataError(`weightedOrder: expected a weight for each of ${length} examples, got ${kept.length}.`);
    const count = draws ?? length;
    if (replacement) return rng.categorical([count], kept).data as Int32Array;
    if (count > positive) {
      throw new OptionError(
        `weightedOrder: expected at most ${positive} draws, the examples of weight above 0, got ${count}. Allow replacement.`,
      );
    }
    // The examples of the largest u^(1/w), as logarithms; 1 − u lies in (0, 1], whose logarithm is finite.
    const keys = Float64Array.from(kept, (weight) => (weight > 0 ? Math.log(1 - rng.float()) / weight : -Infinity));
    return Int32Array.from({ length }, (_, i) => i)
      .sort((a, b) => keys[b]! - keys[a]!)
      .slice(0, count);
  };
}

export function checkDraws(where: string, draws: number | undefined): void {
  if (draws !== undefined && (!Number.isInteger(draws) || draws < 1)) {
    throw new OptionError(`${where}: expected a whole number of draws of at least 1, got ${draws}.`);
  }
}
