/** A batch in parts, for gradients that are summed over several passes. */

import type { HostTensor } from "@dl/core";
import type { Example } from "@dl/data";

/** Up to `parts` batches of nearly equal size, in order; they share the arrays of `batch`. */
export function splitBatch<E extends Example>(batch: E, parts: number): E[] {
  const rows = batchSizeOf(batch);
  const count = Math.min(parts, rows);
  return Array.from({ length: count }, (_, part) => {
    const range = { start: Math.floor((part * rows) / count), end: Math.floor(((part + 1) * rows) / count) };
    return Object.fromEntries(Object.entries(batch).map(([field, tensor]) => [field, rowsOf(tensor, range)])) as E;
  });
}

/** Examples in a batch. */
export function batchSizeOf(batch: Example): number {
  return Object.values(batch)[0]!.shape[0]!;
}

function rowsOf({ shape: [rows, ...rest], dtype, data }: HostTensor, { start, end }: { start: number; end: number }): HostTensor {
  const length = data.length / rows!;
  return { shape: [end - start, ...rest], dtype, data: data.subarray(start * length, end * length) } as HostTensor;
}
