/** Examples of similar length in one batch, so that little is padding. tf.data's `bucket_by_sequence_length`; fairseq's megabatches. */

import { DataError, OptionError } from "@dl/core";
import type { Order } from "./order.ts";

export interface LengthOrderOptions {
  /** Batches that are sorted by length together: more means less padding and less chance. Default 50. */
  batchesPerBucket?: number | undefined;
}

/**
 * Shuffles everything, sorts runs of `batchesPerBucket` batches by length, and shuffles the batches. Every example comes once; only the
 * last batch may be smaller.
 *
 * @param lengths One an example, such as its number of tokens.
 */
export function lengthOrder(lengths: ArrayLike<number>, { batchesPerBucket = 50 }: LengthOrderOptions = {}): Order {
  if (!Number.isInteger(batchesPerBucket) || batchesPerBucket < 1) {
    throw new OptionError(`lengthOrder: expected a whole batchesPerBucket of at least 1, got ${batchesPerBucket}.`);
  }
  const kept = Float64Array.from(lengths);
  return ({ length, batchSize, rng }) => {
    if (kept.length !== length) throw new DataError(`lengthOrder: expected a length for each of ${length} examples, got ${kept.length}.`);
    const order = rng.permutation(length);
    const run = batchSize * batchesPerBucket;
    // The order within equal lengths stays the shuffled one: the sort is stable.
    for (let start = 0; start < length; start += run) order.subarray(start, start + run).sort((a, b) => kept[a]! - kept[b]!);
    const whole = Math.floor(length / batchSize);
    const placed = order.slice();
    for (const [to, from] of rng.permutation(whole).entries()) {
      placed.set(order.subarray(from * batchSize, (from + 1) * batchSize), to * batchSize);
    }
    return placed;
  };
}
