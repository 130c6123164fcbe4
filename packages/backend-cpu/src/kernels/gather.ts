/** Reading and adding at places given by indices, whole rows or single elements. */

import type { Operand, TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

/** From this many elements on, a row is copied by `set`: shorter ones are faster in a loop, which makes no view. */
const bulk = 64;

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
      const from = (o * length + places[k]!) * inner;
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
      const start = (o * length + places[k]!) * inner;
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
  for (let o = 0, at = 0; o < outer; o++) {
    const base = o * length * inner;
    for (let i = 0; i < k; i++) for (let j = 0; j < inner; j++, at++) out[at] = data[base + places[at]! * inner + j]!;
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
    for (let i = 0; i < k; i++) for (let j = 0; j < inner; j++, from++) out[base + places[from]! * inner + j]! += data[from]!;
  }
  return out;
}
