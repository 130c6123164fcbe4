/** Element-wise operations of two float inputs: one loop an operation, so that each is compiled for itself. */

import type { BinaryOp } from "@dl/core";
import type { Floats } from "../memory.ts";
import type { PairLoop } from "./broadcast-pair.ts";
import { geluSlope, geluTanhSlope } from "./gelu.ts";

/** IEEE 754 has ±1 to the power of ±∞ as 1; ECMAScript alone as NaN. */
function power(base: number, exponent: number): number {
  return Math.abs(base) === 1 && Math.abs(exponent) === Infinity ? 1 : base ** exponent;
}

/** a − b·⌊a/b⌋, with the sign of the divisor. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** d/dx x·σ(x) = σ·(1 + x·(1 − σ)) */
function siluSlope(x: number): number {
  const s = 1 / (1 + Math.exp(-x));
  return s * (1 + x * (1 - s));
}

export const binaryFloatLoops: Record<BinaryOp, PairLoop<Floats, Floats>> = {
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
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! * b[j]!;
    }
  },
  divide(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! / b[j]!;
    }
  },
  power(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = power(a[i]!, b[j]!);
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
  atan2(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = Math.atan2(a[i]!, b[j]!);
    }
  },
  squaredDifference(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = (a[i]! - b[j]!) * (a[i]! - b[j]!);
    }
  },
  reluGradient(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = b[j]! > 0 ? a[i]! : 0;
    }
  },
  tanhGradient(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! * (1 - b[j]! * b[j]!);
    }
  },
  sigmoidGradient(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! * b[j]! * (1 - b[j]!);
    }
  },
  geluGradient(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! * geluSlope(b[j]!);
    }
  },
  geluTanhGradient(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! * geluTanhSlope(b[j]!);
    }
  },
  siluGradient(a, ai, ar, ac, b, bi, br, bc, out, at, rows, columns) {
    for (let r = 0; r < rows; r++, ai += ar, bi += br) {
      for (let c = 0, i = ai, j = bi; c < columns; c++, i += ac, j += bc) out[at++] = a[i]! * siluSlope(b[j]!);
    }
  },
};
