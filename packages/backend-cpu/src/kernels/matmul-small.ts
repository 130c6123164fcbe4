/** Products too small, or with too few rows, to be worth packing: the latency of tiny networks is made here. */

import type { Floats } from "../memory.ts";

/**
 * The right matrix `[k, n]` lies row by row at `bAt`; element (i, p) of the left one at `aAt + i · aLane + p · aDepth`.
 * Writes `[m, n]` at `at`. Eight columns at once: their sums fill the registers, and V8 folds the constant offsets into its loads.
 */
export function multiplyByRows(
  a: Floats,
  aAt: number,
  aLane: number,
  aDepth: number,
  b: Floats,
  bAt: number,
  out: Floats,
  at: number,
  m: number,
  k: number,
  n: number,
): void {
  for (let i = 0; i < m; i++, aAt += aLane) {
    let j = 0;
    for (; j + 7 < n; j += 8, at += 8) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let s4 = 0;
      let s5 = 0;
      let s6 = 0;
      let s7 = 0;
      for (let p = 0, x = aAt, y = bAt + j; p < k; p++, x += aDepth, y += n) {
        const v = a[x]!;
        s0 += v * b[y]!;
        s1 += v * b[y + 1]!;
        s2 += v * b[y + 2]!;
        s3 += v * b[y + 3]!;
        s4 += v * b[y + 4]!;
        s5 += v * b[y + 5]!;
        s6 += v * b[y + 6]!;
        s7 += v * b[y + 7]!;
      }
      out[at] = s0;
      out[at + 1] = s1;
      out[at + 2] = s2;
      out[at + 3] = s3;
      out[at + 4] = s4;
      out[at + 5] = s5;
      out[at + 6] = s6;
      out[at + 7] = s7;
    }
    for (; j + 1 < n; j += 2, at += 2) {
      let s0 = 0;
      let s1 = 0;
      for (let p = 0, x = aAt, y = bAt + j; p < k; p++, x += aDepth, y += n) {
        const v = a[x]!;
        s0 += v * b[y]!;
        s1 += v * b[y + 1]!;
      }
      out[at] = s0;
      out[at + 1] = s1;
    }
    if (j < n) {
      let sum = 0;
      for (let p = 0, x = aAt, y = bAt + j; p < k; p++, x += aDepth, y += n) sum += a[x]! * b[y]!;
      out[at++] = sum;
    }
  }
}

/** The same with the right matrix lying as `[n, k]`: dot products, four at once. */
export function multiplyByColumns(
  a: Floats,
  aAt: number,
  aLane: number,
  aDepth: number,
  b: Floats,
  bAt: number,
  out: Floats,
  at: number,
  m: number,
  k: number,
  n: number,
): void {
  const k2 = 2 * k;
  const k3 = 3 * k;
  for (let i = 0; i < m; i++, aAt += aLane) {
    let column = bAt;
    let j = 0;
    for (; j + 3 < n; j += 4, column += 4 * k, at += 4) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let p = 0, x = aAt, y = column; p < k; p++, x += aDepth, y++) {
        const v = a[x]!;
        s0 += v * b[y]!;
        s1 += v * b[y + k]!;
        s2 += v * b[y + k2]!;
        s3 += v * b[y + k3]!;
      }
      out[at] = s0;
      out[at + 1] = s1;
      out[at + 2] = s2;
      out[at + 3] = s3;
    }
    for (; j < n; j++, column += k) {
      let sum = 0;
      for (let p = 0, x = aAt, y = column; p < k; p++, x += aDepth, y++) sum += a[x]! * b[y]!;
      out[at++] = sum;
    }
  }
}

/** Adds a bias to `[m, n]`. */
export function addBias(out: Floats, bias: Floats, m: number, n: number): void {
  for (let i = 0, at = 0; i < m; i++) for (let j = 0; j < n; j++, at++) out[at]! += bias[j]!;
}
