/** Some examples of a dataset. */

import { DataError, OptionError } from "@dl/core";
import type { Dataset, Example } from "../dataset.ts";
import { gatherRows } from "./gather-rows.ts";
import { readBatch } from "./stack.ts";

/** The examples `indices` of `dataset`, in that order; repeats are allowed. Nothing is copied. */
export function subset<E extends Example>(dataset: Dataset<E>, indices: ArrayLike<number>): Dataset<E> {
  const chosen = Int32Array.from(indices);
  for (let i = 0; i < chosen.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= dataset.length) {
      throw new DataError(`subset: expected indices from 0 to ${dataset.length - 1}, got ${index} at ${i}.`);
    }
  }
  const inner = (index: number): number => {
    const found = chosen[index];
    if (found === undefined) throw new DataError(`Dataset.get: expected an index from 0 to ${chosen.length - 1}, got ${index}.`);
    return found;
  };
  return {
    length: chosen.length,
    classNames: dataset.classNames,
    get: (index) => dataset.get(inner(index)),
    getBatch: (batch) => readBatch(dataset, batch.map(inner)),
    ...(dataset.getBatchAsync === undefined ? {} : { getBatchAsync: subsetBatches(dataset, inner) }),
    column: (field) => {
      const column = dataset.column?.(field);
      return column === undefined ? undefined : gatherRows(column, chosen);
    },
  };
}

/** The first `count` examples, or all of a shorter dataset. */
export function take<E extends Example>(dataset: Dataset<E>, count: number): Dataset<E> {
  if (!Number.isInteger(count) || count < 0) throw new OptionError(`take: expected a whole count of at least 0, got ${count}.`);
  return subset(
    dataset,
    Int32Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i),
  );
}

/** Which examples were damaged, and which are kept, is told in the subset's numbers. */
function subsetBatches<E extends Example>(dataset: Dataset<E>, inner: (index: number) => number): NonNullable<Dataset<E>["getBatchAsync"]> {
  return async (indices, { onDamaged }) => {
    const outer = new Map(Array.from(indices, (index) => [inner(index), index]));
    const report = onDamaged && ((error: DataError, index: number) => onDamaged(error, outer.get(index)!));
    const { batch, kept } = await dataset.getBatchAsync!(indices.map(inner), { onDamaged: report });
    // What is kept comes in the order asked for; an example may have been asked for twice.
    let at = 0;
    const own = kept.map((index) => {
      while (inner(indices[at]!) !== index) at++;
      return indices[at++]!;
    });
    return { batch, kept: own };
  };
}
