/** A tensor stretched to a larger shape, and the choice between two by a mask. */

import { type Operand, type Shape, sizeOf, type TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";
import { broadcastStrides, isFullOrScalar } from "./broadcast-pair.ts";
import { stridedCopy } from "./strided-copy.ts";

export function broadcast(memory: Memory, x: Operand<TypedArray>, shape: Shape): TypedArray {
  const out = memory.of(x.dtype, sizeOf(shape));
  if (x.buffer.length === 1) out.fill(x.buffer[0]!);
  else stridedCopy(x.buffer, out, shape, broadcastStrides(x.shape, shape), 0);
  return out;
}

export function where(
  memory: Memory,
  condition: Operand<TypedArray>,
  a: Operand<TypedArray>,
  b: Operand<TypedArray>,
  shape: Shape,
): TypedArray {
  const out = memory.of(a.dtype, sizeOf(shape));
  // Full and scalar inputs are read in place; rows and columns are rare enough to be stretched first.
  const inputs = [condition, a, b].map((x) => (isFullOrScalar(x.shape, shape) ? x.buffer : broadcast(memory, x, shape)));
  const [mask, left, right] = inputs as [TypedArray, TypedArray, TypedArray];
  const n = out.length;
  const maskStep = mask.length === n ? 1 : 0;
  const leftStep = left.length === n ? 1 : 0;
  const rightStep = right.length === n ? 1 : 0;
  for (let o = 0, m = 0, i = 0, j = 0; o < n; o++, m += maskStep, i += leftStep, j += rightStep) {
    out[o] = mask[m] !== 0 ? left[i]! : right[j]!;
  }
  if (mask !== condition.buffer) memory.free(mask);
  if (left !== a.buffer) memory.free(left);
  if (right !== b.buffer) memory.free(right);
  return out;
}
