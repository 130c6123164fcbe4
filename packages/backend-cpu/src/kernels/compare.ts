/** Comparisons of two inputs, and the logical operations of two bools. */

import type { CompareOp, Operand, Shape, TypedArray } from "@dl/core";
import { sizeOf } from "@dl/core";
import type { Memory } from "../memory.ts";
import { type PairLoop, runPair } from "./broadcast-pair.ts";

const loops = {
  equal(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i] === b[j] ? 1 : 0;
    }
  },
  notEqual(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i] !== b[j] ? 1 : 0;
    }
  },
  less(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! < b[j]! ? 1 : 0;
    }
  },
  lessEqual(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! <= b[j]! ? 1 : 0;
    }
  },
  greater(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! > b[j]! ? 1 : 0;
    }
  },
  greaterEqual(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! >= b[j]! ? 1 : 0;
    }
  },
  logicalAnd(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = (a[i]! & b[j]!) !== 0 ? 1 : 0;
    }
  },
  logicalOr(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = (a[i]! | b[j]!) !== 0 ? 1 : 0;
    }
  },
  logicalXor(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = (a[i]! ^ b[j]!) !== 0 ? 1 : 0;
    }
  },
} satisfies Record<CompareOp, PairLoop<TypedArray, Uint8Array>>;

export function compare(memory: Memory, op: CompareOp, a: Operand<TypedArray>, b: Operand<TypedArray>, shape: Shape): Uint8Array {
  const out = memory.bools(sizeOf(shape));
  runPair(loops[op], a.buffer, a.shape, b.buffer, b.shape, out, shape);
  return out;
}
