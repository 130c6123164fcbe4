/** Layer normalisation and its gradient in two passes a row. Ba, Kiros and Hinton 2016, arXiv:1607.06450, equation 4. */

import type { Operand, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";

export function layerNorm(
  memory: Memory,
  x: Operand<TypedArray>,
  weight: Operand<TypedArray>,
  bias: Operand<TypedArray>,
  problem: { rows: number; length: number; epsilon: number },
): { y: Floats; mean: Floats; rstd: Floats } {
  const { rows, length, epsilon } = problem;
  const data = x.buffer as Floats;
  const scale = weight.buffer as Floats;
  const shift = bias.buffer as Floats;
  const y = memory.floats(data.length);
  const means = memory.floats(rows);
  const rstds = memory.floats(rows);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    let sum = 0;
    for (let i = at; i < at + length; i++) sum += data[i]!;
    const mean = sum / length;
    // Squares of the deviations, not the mean of squares less the squared mean: that cancels.
    let squares = 0;
    for (let i = at; i < at + length; i++) squares += (data[i]! - mean) * (data[i]! - mean);
    const rstd = 1 / Math.sqrt(squares / length + epsilon);
    for (let i = 0; i < length; i++) y[at + i] = (data[at + i]! - mean) * rstd * scale[i]! + shift[i]!;
    means[row] = mean;
    rstds[row] = rstd;
  }
  return { y, mean: means, rstd: rstds };
}

export function layerNormGradient(
  memory: Memory,
  g: Operand<TypedArray>,
  saved: { x: Operand<TypedArray>; weight: Operand<TypedArray>; mean: Operand<TypedArray>; rstd: Operand<TypedArray> },
  problem: { rows: number; length: number },
): { dx: Floats; dweight: Floats; dbias: Floats } {
  const { rows, length } = problem;
  const gradient = g.buffer as Floats;
  const data = saved.x.buffer as Floats;
  const scale = saved.weight.buffer as Floats;
  const dx = memory.floats(data.length);
  const dweight = memory.floats(length);
  const dbias = memory.floats(length);
  const weightSums = memory.scratch(0, length).fill(0, 0, length);
  const biasSums = memory.scratch(1, length).fill(0, 0, length);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    const mean = saved.mean.buffer[row]!;
    const rstd = saved.rstd.buffer[row]!;
    // dx = rstd · (h − mean(h) − x̂ · mean(h · x̂)), where h = g · weight.
    let sum = 0;
    let dot = 0;
    for (let i = 0; i < length; i++) {
      const normal = (data[at + i]! - mean) * rstd;
      const gi = gradient[at + i]!;
      const h = gi * scale[i]!;
      sum += h;
      dot += h * normal;
      weightSums[i]! += gi * normal;
      biasSums[i]! += gi;
    }
    sum /= length;
    dot /= length;
    for (let i = 0; i < length; i++) {
      dx[at + i] = rstd * (gradient[at + i]! * scale[i]! - sum - (data[at + i]! - mean) * rstd * dot);
    }
  }
  for (let i = 0; i < length; i++) {
    dweight[i] = weightSums[i]!;
    dbias[i] = biasSums[i]!;
  }
  return { dx, dweight, dbias };
}
