/** Orthonormal weights. Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", arXiv:1312.6120. */

import { type HostTensor, hostTensor, type Rng, type Shape, sizeOf } from "@dl/core";
import { fansOf } from "./initializer.ts";

/**
 * The weight as a matrix `[everything before, out]` has orthonormal columns, or rows when it is wide, times `gain`.
 * Costs n²·m for an m × n matrix with n ≤ m.
 *
 * @param options.gain  See `gains`. Default 1.
 */
export function orthogonal(shape: Shape, { rng, gain = 1 }: { rng: Rng; gain?: number }): HostTensor {
  fansOf(shape); // at least two axes
  const columns = shape.at(-1)!;
  const rows = sizeOf(shape.slice(0, -1));
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from(rng.normal([length]).data);
    // Gram–Schmidt twice is enough: Giraud et al. 2005, "Rounding error analysis of the classical Gram–Schmidt".
    for (let round = 0; round < 2; round++) {
      for (const other of vectors) subtract(vector, other, dot(vector, other));
    }
    const norm = Math.sqrt(dot(vector, vector));
    // A draw that lies in the span of the others, which chance all but forbids, is drawn again.
    if (norm > 1e-8) vectors.push(vector.map((value) => value / norm));
  }
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[row * columns + column] = gain * (rows >= columns ? vectors[column]![row]! : vectors[row]![column]!);
    }
  }
  return hostTensor(data, shape);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(vector: Float64Array, direction: Float64Array, amount: number): void {
  for (let i = 0; i < vector.length; i++) vector[i]! -= amount * direction[i]!;
}
