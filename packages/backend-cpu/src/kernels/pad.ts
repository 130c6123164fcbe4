/** Padding around and between elements, and joining along an axis. */

import { type Operand, stridesOf, type TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

export function pad(
  memory: Memory,
  x: Operand<TypedArray>,
  before: readonly number[],
  after: readonly number[],
  between: readonly number[],
  value: number,
): TypedArray {
  const rank = x.shape.length;
  const shape = x.shape.map((size, i) => before[i]! + size + Math.max(size - 1, 0) * between[i]! + after[i]!);
  let length = 1;
  for (const size of shape) length *= size;
  const out = memory.of(x.dtype, length);
  out.fill(value);
  const data = x.buffer;
  if (data.length === 0) return out;
  if (rank === 0) {
    out[0] = data[0]!;
    return out;
  }
  const strides = stridesOf(shape);
  let to = 0;
  for (let i = 0; i < rank; i++) {
    to += before[i]! * strides[i]!;
    strides[i]! *= between[i]! + 1;
  }
  const columns = x.shape[rank - 1]!;
  const step = strides[rank - 1]!;
  const place = new Array<number>(rank - 1).fill(0);
  for (let from = 0; from < data.length; ) {
    for (let c = 0, o = to; c < columns; c++, o += step) out[o] = data[from++]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      to += strides[axis]!;
      if (++place[axis]! < x.shape[axis]!) break;
      place[axis] = 0;
      to -= strides[axis]! * x.shape[axis]!;
    }
  }
  return out;
}

export function concat(
  memory: Memory,
  parts: readonly Operand<TypedArray>[],
  outer: number,
  lengths: readonly number[],
  inner: number,
): TypedArray {
  let total = 0;
  for (const length of lengths) total += length;
  const out = memory.of(parts[0]!.dtype, outer * total * inner);
  for (let p = 0, first = 0; p < parts.length; p++) {
    const data = parts[p]!.buffer;
    const run = lengths[p]! * inner;
    if (outer === 1) out.set(data, first);
    else {
      for (let o = 0, from = 0; o < outer; o++) {
        const at = o * total * inner + first;
        for (let i = 0; i < run; i++) out[at + i] = data[from++]!;
      }
    }
    first += run;
  }
  return out;
}
