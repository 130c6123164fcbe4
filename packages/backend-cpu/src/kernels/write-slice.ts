/** Overwrites a part of a buffer along one axis. */

import type { Operand, TypedArray } from "@dl/core";

export function writeSlice(
  { buffer: target }: Operand<TypedArray>,
  { buffer: values }: Operand<TypedArray>,
  { outer, length, inner, start, count }: { outer: number; length: number; inner: number; start: number; count: number },
): void {
  const run = count * inner;
  for (let row = 0; row < outer; row++) {
    (target as Float32Array).set(values.subarray(row * run, (row + 1) * run) as Float32Array, (row * length + start) * inner);
  }
}
