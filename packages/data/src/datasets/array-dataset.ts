/** A dataset over arrays in memory. */

import { DataError, formatShape } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { checkLabels } from "./check-labels.ts";
import { type Column, gatherRows } from "./gather-rows.ts";

export interface ArrayDatasetOptions {
  /** Names of the classes; with them every label is checked once, here. */
  classNames?: readonly string[] | undefined;
}

/** Fields of `N` rows each, batched by one copying loop a field. */
export interface ArrayDataset<Field extends string = string> extends Dataset<Example<Field>> {
  /** The fields as they are kept. */
  readonly columns: Readonly<Record<Field, Column>>;
  readonly classNames: readonly string[] | undefined;
  getBatch(indices: Int32Array): Example<Field>;
}

/**
 * A dataset over arrays, which are not copied.
 *
 * @param columns Fields `[N, …]`, all of one `N`: host tensors, or `byteColumn`s that are read as float32.
 * @example
 * const points = arrayDataset({
 *   inputs: hostTensor(Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), [4, 2]),
 *   labels: hostTensor(Int32Array.of(0, 1, 1, 0), [4]),
 * });
 * points.get(2).inputs.data; // Float32Array [1, 0]
 */
export function arrayDataset<Field extends string>(
  columns: Readonly<Record<Field, Column>>,
  { classNames }: ArrayDatasetOptions = {},
): ArrayDataset<Field> {
  const entries = Object.entries(columns) as [Field, Column][];
  if (entries.length === 0) throw new DataError("arrayDataset: expected at least one field, such as { images, labels }, got none.");
  const length = entries[0]![1].shape?.[0];
  for (const [field, { shape }] of entries) {
    if (shape === undefined) {
      throw new DataError(
        `arrayDataset: expected ${field} as a host tensor, got something without a shape. Wrap it: hostTensor(typed array, shape), or fromNested(lists), of @dl/core.`,
      );
    }
    if (shape.length === 0 || shape[0] !== length) {
      throw new DataError(
        `arrayDataset: expected every field to have as many rows as ${entries[0]![0]} ${formatShape(entries[0]![1].shape)}, got ${field} ${formatShape(shape)}.`,
      );
    }
  }
  const labels = (columns as Readonly<Record<string, Column>>).labels;
  if (classNames !== undefined && labels !== undefined) checkLabels("arrayDataset", labels, classNames.length);

  const getBatch = (indices: Int32Array): Example<Field> => {
    const batch = {} as Example<Field>;
    for (const [field, column] of entries) batch[field] = gatherRows(column, indices);
    return batch;
  };
  return {
    columns,
    classNames,
    length: length!,
    getBatch,
    get: (index) => {
      if (!Number.isInteger(index) || index < 0 || index >= length!) {
        throw new DataError(`ArrayDataset.get: expected an index from 0 to ${length! - 1}, got ${index}.`);
      }
      const example = getBatch(Int32Array.of(index));
      for (const [field] of entries) example[field] = { ...example[field], shape: example[field].shape.slice(1) };
      return example;
    },
    column: (field) => {
      const column = (columns as Readonly<Record<string, Column>>)[field];
      return column === undefined || "bytes" in column ? undefined : column;
    },
  };
}
