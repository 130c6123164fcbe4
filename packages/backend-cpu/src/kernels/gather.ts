/** Reading and adding at places given by indices, whole rows or single elements. An index out of range reads `absent` and adds nothing. */

import { type DType, isFloat, type Operand, type TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

/** From this many elements on, a row is copied by `set`: shorter ones are faster in a loop, which makes no view. */
const bulk = 64;

/** What is read where nothing lies: a NaN is seen, where the dtype has one. */
function absent(dtype: DType): number {
  return isFloat(dtype) ? NaN : 0;
}

export function gather(
  memory: Memory,
  x: Operand<TypedArray>,
  indices: Operand<TypedArray>,
  outer: number,
  length: number,
  inner: number,
): TypedArray {
  const places = indices.buffer as Int32Array;
  const data = x.buffer;
  const out = memory.of(x.dtype, outer * places.length * inner);
  for (let o = 0, at = 0; o < outer; o++) {
    for (let k = 0; k < places.length; k++) {
      const place = places[k]!;
      if (place < 0 || place >= length) {
        out.fill(absent(x.dtype), at, at + inner);
        at += inner;
        continue;
      }
      const from = (o * length + place) * inner;
      if (inner >= bulk) {
        out.set(data.subarray(from, from + inner), at);
        at += inner;
      } else {
        for (let i = from; i < from + inner; i++) out[at++] = data[i]!;
      }
    }
  }
  return out;
}

export function scatterAdd(
  memory: Memory,
  indices: Operand<TypedArray>,
  updates: Operand<TypedArray>,
  outer: number,
  length: number,
  inner: number,
): TypedArray {
  const places = indices.buffer as Int32Array;
  const data = updates.buffer;
  const out = memory.zeros(updates.dtype, outer * length * inner);
  for (let o = 0, from = 0; o < outer; o++) {
    for (let k = 0; k < places.length; k++) {
      const place = places[k]!;
      if (place < 0 || place >= length) {
        from += inner;
        continue;
      }
      const start = (o * length + place) * inner;
      for (let i = start; i < start + inner; i++) out[i]! += data[from++]!;
    }
  }
  return out;
}

export function takeAlong(
  memory: Memory,
  x: Operand<TypedArray>,
  indices: Operand<TypedArray>,
  outer: number,
  length: number,
  inner: number,
): TypedArray {
  const places = indices.buffer as Int32Array;
  const data = x.buffer;
  const out = memory.of(x.dtype, places.length);
  // Of no rows or no columns nothing is taken, and k cannot be told.
  const k = outer * inner === 0 ? 0 : places.length / (outer * inner);
  const nothing = absent(x.dtype);
  for (let o = 0, at = 0; o < outer; o++) {
    const base = o * length * inner;
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < inner; j++, at++) {
        const place = places[at]!;
        // Unsigned, a negative number is larger than any length.
        if (place >>> 0 < length) out[at] = data[base + place * inner + j]!;
        else out[at] = nothing;
      }
    }
  }
  return out;
}

export function scatterAlong(
  memory: Memory,
  indices: Operand<TypedArray>,
  updates: Operand<TypedArray>,
  outer: number,
  length: number,
  inner: number,
): TypedArray {
  const places = indices.buffer as Int32Array;
  const data = updates.buffer;
  const out = memory.zeros(updates.dtype, outer * length * inner);
  const k = outer * inner === 0 ? 0 : places.length / (outer * inner);
  for (let o = 0, from = 0; o < outer; o++) {
    const base = o * length * inner;
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < inner; j++, from++) {
        const place = places[from]!;
        if (place >>> 0 < length) out[base + place * inner + j]! += data[from]!;
      }
    }
  }
  return out;
}
