/** Single examples joined into a batch. */

import { allocate, DataError, formatShape, sameShape, sizeOf } from "@dl/core";
import type { Example } from "../dataset.ts";

/** Examples of equal fields, shapes and dtypes as one: every field `[…]` becomes `[examples.length, …]`. */
export function stack<E extends Example>(examples: readonly E[]): E {
  const first = examples[0];
  if (first === undefined) throw new DataError("stack: expected at least one example, got none.");
  const batch: Example = {};
  for (const [field, { shape, dtype }] of Object.entries(first)) {
    const size = sizeOf(shape);
    const data = allocate(dtype, examples.length * size);
    examples.forEach((example, i) => {
      const value = example[field];
      if (value === undefined || value.dtype !== dtype || !sameShape(value.shape, shape)) {
        const got = value === undefined ? "none" : `${value.dtype} ${formatShape(value.shape)}`;
        throw new DataError(
          `stack: expected field ${field} to be ${dtype} ${formatShape(shape)} in every example, got ${got} in example ${i} of the batch. Bring examples to one size first, with map().`,
        );
      }
      data.set(value.data, i * size);
    });
    batch[field] = { shape: [examples.length, ...shape], dtype, data };
  }
  return batch as E;
}

/** The examples `indices` of any dataset, stacked. */
export function readBatch<E extends Example>(
  dataset: { get(index: number): E; getBatch?(indices: Int32Array): E },
  indices: Int32Array,
): E {
  return dataset.getBatch === undefined ? stack(Array.from(indices, (index) => dataset.get(index))) : dataset.getBatch(indices);
}
