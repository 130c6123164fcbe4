/** Fields of several datasets as one. */

import { allocate, DataError, formatShape, type HostTensor, sameShape } from "@dl/core";

/** Tensors `[Nᵢ, …]` joined along their first axis: `[ΣNᵢ, …]`. */
export function joinRows(parts: readonly HostTensor[]): HostTensor {
  const first = parts[0]!;
  const rowShape = first.shape.slice(1);
  for (const { shape, dtype } of parts) {
    if (dtype !== first.dtype || !sameShape(shape.slice(1), rowShape)) {
      throw new DataError(
        `concat: expected rows of ${first.dtype} ${formatShape(rowShape)} in every dataset, got ${dtype} ${formatShape(shape.slice(1))}.`,
      );
    }
  }
  const data = allocate(
    first.dtype,
    parts.reduce((total, part) => total + part.data.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [parts.reduce((rows, { shape }) => rows + shape[0]!, 0), ...rowShape], dtype: first.dtype, data };
}
