/** Rows of a matrix on the host. */

import { type HostTensor, hostTensor } from "@dl/core";

/** `[N, D]` and M row numbers, some of them perhaps more than once → `[M, D]`. */
export function rowsOf({ data, shape }: HostTensor, rows: Int32Array): HostTensor {
  const size = shape[1]!;
  const taken = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    taken.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
  return hostTensor(taken, [rows.length, size]);
}
