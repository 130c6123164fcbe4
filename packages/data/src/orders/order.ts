/** In which order a pass reads a dataset: any plan that draws from one stream. */

import type { Rng } from "@dl/core";

export interface OrderContext {
  /** Examples in the dataset. */
  readonly length: number;
  readonly batchSize: number;
  /** The stream given to `batches` as `shuffle`. */
  readonly rng: Rng;
}

/**
 * The examples of a pass, by number, in the order they are read; repeats and omissions are allowed. It must give the same for equal
 * streams: a pass is resumed by drawing it again.
 */
export type Order = (context: OrderContext) => Int32Array;

/** Every example once. */
export const permutationOrder: Order = ({ length, rng }) => rng.permutation(length);
