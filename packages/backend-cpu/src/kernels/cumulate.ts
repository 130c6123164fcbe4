/** Running sums and products along an axis, in double precision (whole numbers wrap around). */

import type { Operand, TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

interface CumulateView {
  outer: number;
  length: number;
  inner: number;
  exclusive: boolean;
  reverse: boolean;
}

export function cumulate(memory: Memory, op: "sum" | "product", x: Operand<TypedArray>, view: CumulateView): TypedArray {
  const { outer, length, inner, exclusive, reverse } = view;
  const data = x.buffer;
  const out = memory.of(x.dtype, data.length);
  const step = reverse ? -inner : inner;
  const first = reverse ? (length - 1) * inner : 0;
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < inner; j++) {
      const start = o * length * inner + j + first;
      if (op === "sum") runningSum(data, out, start, step, length, exclusive);
      else if (data instanceof Int32Array) runningIntProduct(data, out, start, step, length, exclusive);
      else runningProduct(data, out, start, step, length, exclusive);
    }
  }
  return out;
}

function runningSum(x: TypedArray, out: TypedArray, at: number, step: number, length: number, exclusive: boolean): void {
  let sum = 0;
  for (let i = 0; i < length; i++, at += step) {
    const next = sum + x[at]!;
    out[at] = exclusive ? sum : next;
    sum = next;
  }
}

function runningProduct(x: TypedArray, out: TypedArray, at: number, step: number, length: number, exclusive: boolean): void {
  let product = 1;
  for (let i = 0; i < length; i++, at += step) {
    const next = product * x[at]!;
    out[at] = exclusive ? product : next;
    product = next;
  }
}

function runningIntProduct(x: Int32Array, out: TypedArray, at: number, step: number, length: number, exclusive: boolean): void {
  let product = 1;
  for (let i = 0; i < length; i++, at += step) {
    const next = Math.imul(product, x[at]!);
    out[at] = exclusive ? product : next;
    product = next;
  }
}
