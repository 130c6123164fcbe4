/** Element-wise operations of two int32 inputs; results wrap around as int32 does. */

import type { BinaryOp } from "@dl/core";
import type { PairLoop } from "./broadcast-pair.ts";

/** a − b·⌊a/b⌋, with the sign of the divisor; 0 when the divisor is. */
function modulo(a: number, b: number): number {
  if (b === 0) return 0;
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** By squaring. A negative exponent gives the truncated fraction: ±1 for a base of ±1, else 0. */
function intPower(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? ((exponent & 1) === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let square = base, rest = exponent; rest > 0; rest >>= 1, square = Math.imul(square, square)) {
    if ((rest & 1) === 1) result = Math.imul(result, square);
  }
  return result;
}

// Storing into an Int32Array truncates and wraps: that is all division and addition need.
export const binaryIntLoops: Partial<Record<BinaryOp, PairLoop<Int32Array, Int32Array>>> = {
  add(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! + b[j]!;
    }
  },
  subtract(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! - b[j]!;
    }
  },
  multiply(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = Math.imul(a[i]!, b[j]!);
    }
  },
  divide(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! / b[j]!;
    }
  },
  power(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = intPower(a[i]!, b[j]!);
    }
  },
  maximum(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = Math.max(a[i]!, b[j]!);
    }
  },
  minimum(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = Math.min(a[i]!, b[j]!);
    }
  },
  modulo(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = modulo(a[i]!, b[j]!);
    }
  },
  squaredDifference(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = Math.imul(a[i]! - b[j]!, a[i]! - b[j]!);
    }
  },
};
