/** Products too small, or with too few rows, to be worth packing: the latency of tiny networks is made here. */

import type { Floats } from "../memory.ts";

/** One matrix in its buffer: element (i, p) of the left one lies at `offset + i · rowStep + p · depthStep`; of the right one (p, j) likewise. */
export interface SmallSide {
  data: Floats;
  offset: number;
  /** Step from one row (left) or column (right) to the next. */
  laneStep: number;
  /** Step along the sum. */
  depthStep: number;
}

/** `out[at + i·n + j] = activation(Σ a(i, p)·b(p, j) + bias[j])`, four columns at once. */
export function matmulSmall(
  a: SmallSide,
  b: SmallSide,
  out: Floats,
  at: number,
  m: number,
  k: number,
  n: number,
  bias: Floats | undefined,
  relu: boolean,
): void {
  const left = a.data;
  const right = b.data;
  const aStep = a.depthStep;
  const bStep = b.depthStep;
  const b1 = b.laneStep;
  const b2 = 2 * b1;
  const b3 = 3 * b1;
  for (let i = 0, row = a.offset; i < m; i++, row += a.laneStep) {
    let j = 0;
    let column = b.offset;
    for (; j + 3 < n; j += 4, column += 4 * b1) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let p = 0, x = row, y = column; p < k; p++, x += aStep, y += bStep) {
        const v = left[x]!;
        s0 += v * right[y]!;
        s1 += v * right[y + b1]!;
        s2 += v * right[y + b2]!;
        s3 += v * right[y + b3]!;
      }
      if (bias !== undefined) {
        s0 += bias[j]!;
        s1 += bias[j + 1]!;
        s2 += bias[j + 2]!;
        s3 += bias[j + 3]!;
      }
      out[at] = relu && s0 <= 0 ? 0 : s0;
      out[at + 1] = relu && s1 <= 0 ? 0 : s1;
      out[at + 2] = relu && s2 <= 0 ? 0 : s2;
      out[at + 3] = relu && s3 <= 0 ? 0 : s3;
      at += 4;
    }
    for (; j < n; j++, column += b1) {
      let sum = 0;
      for (let p = 0, x = row, y = column; p < k; p++, x += aStep, y += bStep) sum += left[x]! * right[y]!;
      if (bias !== undefined) sum += bias[j]!;
      out[at++] = relu && sum <= 0 ? 0 : sum;
    }
  }
}
