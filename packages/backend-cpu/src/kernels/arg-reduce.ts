/** Where the largest or smallest element along an axis lies. */

import type { Operand, TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

export function argReduce(
  memory: Memory,
  op: "max" | "min",
  x: Operand<TypedArray>,
  outer: number,
  length: number,
  inner: number,
): Int32Array {
  const out = memory.ints(outer * inner);
  const data = x.buffer;
  for (let o = 0, at = 0; o < outer; o++) {
    for (let j = 0; j < inner; j++, at++) {
      let k = o * length * inner + j;
      let best = data[k]!;
      let place = 0;
      // The first NaN wins, so the search ends there.
      for (let i = 1; i < length && !Number.isNaN(best); i++) {
        k += inner;
        const v = data[k]!;
        if (op === "max" ? !(v <= best) : !(v >= best)) {
          best = v;
          place = i;
        }
      }
      out[at] = place;
    }
  }
  return out;
}
