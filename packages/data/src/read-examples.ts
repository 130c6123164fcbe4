/** Chosen examples of a dataset as one batch. */

import { DataError } from "@dl/core";
import type { Collate } from "./collate/pad-fields.ts";
import type { Dataset, Example } from "./dataset.ts";
import { readBatch, stack } from "./datasets/stack.ts";

export interface ReadExamplesOptions<E extends Example> {
  collate?: Collate<E> | undefined;
  onDamaged?: ((error: DataError, index: number) => void) | undefined;
}

/** What was read of the examples asked for. */
export interface ReadExamples<E extends Example> {
  /** Undefined where none could be read. */
  readonly batch: E | undefined;
  /** Which examples are in the batch: all, unless damaged ones are left out. */
  readonly kept: Int32Array;
}

/** The examples `indices` as a batch. */
export function readExamples<E extends Example>(
  dataset: Dataset<E>,
  indices: Int32Array,
  { collate, onDamaged }: ReadExamplesOptions<E>,
): ReadExamples<E> {
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
  return { batch: examples.length === 0 ? undefined : (collate ?? stack)(examples), kept: Int32Array.from(kept) };
}

/** As `readExamples`, of examples that `read` gives one by one, all at once. */
export async function readExamplesAsync<E extends Example>(
  read: (index: number) => Promise<E>,
  indices: Int32Array,
  { collate = stack, onDamaged }: ReadExamplesOptions<E>,
): Promise<ReadExamples<E>> {
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
  return { batch: examples.length === 0 ? undefined : collate(examples), kept: Int32Array.from(kept) };
}

/** One example, by the dataset's `getBatchAsync` where it has one. */
export async function readExampleAsync<E extends Example>(dataset: Dataset<E>, index: number): Promise<E> {
  if (dataset.getBatchAsync === undefined) return dataset.get(index);
  const { batch } = await dataset.getBatchAsync(Int32Array.of(index), {});
  if (batch === undefined)
    throw new DataError(`Dataset.getBatchAsync: expected example ${index} or an error without onDamaged, got neither.`);
  const fields = Object.entries(batch).map(([field, { shape, dtype, data }]) => [field, { shape: shape.slice(1), dtype, data }]);
  return Object.fromEntries(fields);
}

/** A pass of which nothing could be read: something else is wrong, such as the decoder or a path. */
export function noneReadable(what: string): DataError {
  return new DataError(
    `batches: expected at least one example that can be read in ${what}, got none: all are damaged. See what onDamaged was told of.`,
  );
}
