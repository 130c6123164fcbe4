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

/** As `readExamples`, of examples that `read` gives one by one, all at once. */
export async function readExamplesAsync<E extends Example>(
  read: (index: number) => Promise<E>,
  indices: Int32Array,
  { collate = stack, onDamaged }: ReadExamplesOptions<E>,
): Promise<{ batch: E; kept: Int32Array }> {
  const results = await Promise.allSettled(Array.from(indices, read));
  const examples: E[] = [];
  const kept: number[] = [];
  for (const [i, result] of results.entries()) {
    const index = indices[i]!;
    if (result.status === "fulfilled") {
      examples.push(result.value);
      kept.push(index);
    } else if (onDamaged === undefined || !(result.reason instanceof DataError)) throw result.reason;
    else onDamaged(result.reason, index);
  }
  if (examples.length === 0) throw noneReadable(indices.length);
  return { batch: collate(examples), kept: Int32Array.from(kept) };
}

/** One example, by the dataset's `getBatchAsync` where it has one. */
export async function readExampleAsync<E extends Example>(dataset: Dataset<E>, index: number): Promise<E> {
  if (dataset.getBatchAsync === undefined) return dataset.get(index);
  const { batch } = await dataset.getBatchAsync(Int32Array.of(index), {});
  const fields = Object.entries(batch).map(([field, { shape, dtype, data }]) => [field, { shape: shape.slice(1), dtype, data }]);
  return Object.fromEntries(fields);
}

/** A batch whose examples are all damaged: something else is wrong. */
export function noneReadable(count: number): DataError {
  return new DataError(`batches: expected at least one example that can be read in a batch of ${count}, got none.`);
}
