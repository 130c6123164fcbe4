/** Chosen examples of a dataset as one batch. */

import { DataError } from "@dl/core";
import type { Collate } from "./collate/pad-fields.ts";
import type { Dataset, Example } from "./dataset.ts";
import { readBatch, stack } from "./datasets/stack.ts";

export interface ReadExamplesOptions<E extends Example> {
  collate?: Collate<E> | undefined;
  onDamaged?: ((error: DataError, index: number) => void) | undefined;
}

/** The batch, and which of `indices` are in it: all, unless damaged ones are left out. */
export function readExamples<E extends Example>(
  dataset: Dataset<E>,
  indices: Int32Array,
  { collate, onDamaged }: ReadExamplesOptions<E>,
): { batch: E; kept: Int32Array } {
  if (collate === undefined && onDamaged === undefined) return { batch: readBatch(dataset, indices), kept: indices };
  const examples: E[] = [];
  const kept: number[] = [];
  for (const index of indices) {
    try {
      examples.push(dataset.get(index));
      kept.push(index);
    } catch (error) {
      if (onDamaged === undefined || !(error instanceof DataError)) throw error;
      onDamaged(error, index);
    }
  }
  if (examples.length === 0) throw noneReadable(indices.length);
  return { batch: (collate ?? stack)(examples), kept: Int32Array.from(kept) };
}

/** A batch whose examples are all damaged: something else is wrong. */
export function noneReadable(count: number): DataError {
  return new DataError(`batches: expected at least one example that can be read in a batch of ${count}, got none.`);
}
