/**
 * Reductions along one axis. Sums and products run in double precision whatever the buffer's.
 * The last axis is reduced row by row; any other by adding whole rows of `inner` elements, so that memory is read in order.
 */

import type { Operand, ReduceOp, TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

type RowLoop = (x: TypedArray, out: TypedArray, outer: number, length: number) => void;
type ColumnLoop = (x: TypedArray, at: number, sums: Float64Array, length: number, inner: number) => void;

const rowLoops = {
  sum(x, out, outer, length) {
    for (let o = 0, i = 0; o < outer; o++) {
      // Four sums at once: no addition waits for the one before it, and the rounding error is a quarter.
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      const end = i + length;
      for (const last = end - 3; i < last; i += 4) {
        s0 += x[i]!;
        s1 += x[i + 1]!;
        s2 += x[i + 2]!;
        s3 += x[i + 3]!;
      }
      for (; i < end; i++) s0 += x[i]!;
      out[o] = s0 + s1 + (s2 + s3);
    }
  },
  product(x, out, outer, length) {
    for (let o = 0, i = 0; o < outer; o++) {
      let product = 1;
      for (const end = i + length; i < end; i++) product *= x[i]!;
      out[o] = product;
    }
  },
  max(x, out, outer, length) {
    const start = lowest(out);
    for (let o = 0, i = 0; o < outer; o++) {
      let best = start;
      // Math.max keeps a NaN, whichever side it is on.
      for (const end = i + length; i < end; i++) best = Math.max(best, x[i]!);
      out[o] = best;
    }
  },
  min(x, out, outer, length) {
    const start = highest(out);
    for (let o = 0, i = 0; o < outer; o++) {
      let best = start;
      for (const end = i + length; i < end; i++) best = Math.min(best, x[i]!);
      out[o] = best;
    }
  },
} satisfies Partial<Record<ReduceOp, RowLoop>>;

const columnLoops = {
  sum(x, at, sums, length, inner) {
    sums.fill(0, 0, inner);
    for (let i = 0; i < length; i++) for (let j = 0; j < inner; j++) sums[j]! += x[at++]!;
  },
  product(x, at, products, length, inner) {
    products.fill(1, 0, inner);
    for (let i = 0; i < length; i++) for (let j = 0; j < inner; j++) products[j]! *= x[at++]!;
  },
  max(x, at, best, length, inner) {
    best.fill(lowest(x), 0, inner);
    for (let i = 0; i < length; i++) {
      for (let j = 0; j < inner; j++) best[j] = Math.max(best[j]!, x[at++]!);
    }
  },
  min(x, at, best, length, inner) {
    best.fill(highest(x), 0, inner);
    for (let i = 0; i < length; i++) {
      for (let j = 0; j < inner; j++) best[j] = Math.min(best[j]!, x[at++]!);
    }
  },
} satisfies Partial<Record<ReduceOp, ColumnLoop>>;

/** What a maximum starts from. */
function lowest(like: TypedArray): number {
  return like instanceof Int32Array ? -(2 ** 31) : like instanceof Uint8Array ? 0 : -Infinity;
}

function highest(like: TypedArray): number {
  return like instanceof Int32Array ? 2 ** 31 - 1 : like instanceof Uint8Array ? 1 : Infinity;
}

/** Products of whole numbers wrap around; in doubles they would lose their low bits instead. */
function intProduct(x: Int32Array, out: Int32Array, outer: number, length: number, inner: number): void {
  for (let o = 0, at = 0; o < outer; o++) {
    for (let j = 0; j < inner; j++, at++) {
      let product = 1;
      for (let i = 0, k = o * length * inner + j; i < length; i++, k += inner) product = Math.imul(product, x[k]!);
      out[at] = product;
    }
  }
}

export function reduce(memory: Memory, op: ReduceOp, x: Operand<TypedArray>, outer: number, length: number, inner: number): TypedArray {
  const out = memory.of(x.dtype, outer * inner);
  const data = x.buffer;
  if (op === "product" && data instanceof Int32Array) {
    intProduct(data, out as Int32Array, outer, length, inner);
    return out;
  }
  // A bool is 0 or 1: some are true when the largest is, all are when the smallest is.
  const loop = op === "mean" ? "sum" : op === "any" ? "max" : op === "all" ? "min" : op;
  const divisor = op === "mean" ? length : 1;
  if (inner === 1) {
    rowLoops[loop](data, out, outer, length);
    if (op === "mean") for (let o = 0; o < outer; o++) out[o]! /= divisor;
    return out;
  }
  const columns = memory.scratch(0, inner);
  for (let o = 0, at = 0; o < outer; o++) {
    columnLoops[loop](data, o * length * inner, columns, length, inner);
    for (let j = 0; j < inner; j++) out[at++] = columns[j]! / divisor;
  }
  return out;
}
