/** Transposes, slices and flips: one strided copy each, differing in where it starts and how it steps. */

import { type Operand, sizeOf, stridesOf, type TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";
import { stridedCopy } from "./strided-copy.ts";

export function transpose(memory: Memory, x: Operand<TypedArray>, permutation: readonly number[]): TypedArray {
  const out = memory.of(x.dtype, x.buffer.length);
  const strides = stridesOf(x.shape);
  stridedCopy(
    x.buffer,
    out,
    permutation.map((axis) => x.shape[axis]!),
    permutation.map((axis) => strides[axis]!),
    0,
  );
  return out;
}

export function slice(
  memory: Memory,
  x: Operand<TypedArray>,
  starts: readonly number[],
  sizes: readonly number[],
  steps: readonly number[],
): TypedArray {
  const out = memory.of(x.dtype, sizeOf(sizes));
  const strides = stridesOf(x.shape);
  let offset = 0;
  for (let axis = 0; axis < sizes.length; axis++) {
    offset += starts[axis]! * strides[axis]!;
    strides[axis]! *= steps[axis]!;
  }
  stridedCopy(x.buffer, out, sizes, strides, offset);
  return out;
}

export function flip(memory: Memory, x: Operand<TypedArray>, axes: readonly number[]): TypedArray {
  const out = memory.of(x.dtype, x.buffer.length);
  const strides = stridesOf(x.shape);
  let offset = 0;
  for (const axis of axes) {
    offset += (x.shape[axis]! - 1) * strides[axis]!;
    strides[axis] = -strides[axis]!;
  }
  stridedCopy(x.buffer, out, x.shape, strides, offset);
  return out;
}
