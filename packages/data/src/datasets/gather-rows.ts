/** Copies chosen rows of a field into one fresh array: the inner loop of every in-memory batch. */

import { allocate, DataError, type HostTensor, sizeOf } from "@dl/core";
import type { ByteColumn } from "./byte-column.ts";

export type Column = HostTensor | ByteColumn;

/** Rows `indices` of `column` `[N, …]`, as `[indices.length, …]`. */
export function gatherRows(column: Column, indices: Int32Array): HostTensor {
  const [rows = 0, ...rowShape] = column.shape;
  const rowSize = sizeOf(rowShape);
  for (const index of indices) {
    if (index < 0 || index >= rows) throw new DataError(`getBatch: expected indices from 0 to ${rows - 1}, got ${index}.`);
  }
  const shape = [indices.length, ...rowShape];
  if ("bytes" in column) return { shape, dtype: "float32", data: gatherBytes(column, indices, rowSize) };

  const data = allocate(column.dtype, indices.length * rowSize);
  if (rowSize === 1) for (let i = 0; i < indices.length; i++) data[i] = column.data[indices[i]!]!;
  else {
    for (let i = 0; i < indices.length; i++) {
      const start = indices[i]! * rowSize;
      data.set(column.data.subarray(start, start + rowSize), i * rowSize);
    }
  }
  return { shape, dtype: column.dtype, data };
}

function gatherBytes({ bytes, scale }: ByteColumn, indices: Int32Array, rowSize: number): Float32Array {
  const data = new Float32Array(indices.length * rowSize);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * rowSize;
    const offset = i * rowSize - start;
    for (let j = start; j < start + rowSize; j++) data[offset + j] = bytes[j]! * scale;
  }
  return data;
}
