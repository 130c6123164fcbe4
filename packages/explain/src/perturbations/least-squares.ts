/** Small weighted least squares on the host, in float64. */

import { DataError } from "@dl/core";

/**
 * The x that makes Σ w (row · x − y)² + ridge·|x|² least, by the normal equations.
 *
 * @throws DataError when the rows do not determine x.
 */
export function solveLeastSquares(
  where: string,
  {
    rows,
    targets,
    weights,
    ridge,
  }: { rows: readonly ArrayLike<number>[]; targets: ArrayLike<number>; weights: ArrayLike<number>; ridge: number },
): Float64Array {
  const size = rows[0]!.length;
  const matrix = new Float64Array(size * (size + 1)); // normal equations, with the right-hand side as the last column
  const width = size + 1;
  for (const [r, row] of rows.entries()) {
    for (let i = 0; i < size; i++) {
      const scaled = weights[r]! * row[i]!;
      if (scaled === 0) continue;
      for (let j = 0; j < size; j++) matrix[i * width + j]! += scaled * row[j]!;
      matrix[i * width + size]! += scaled * targets[r]!;
    }
  }
  for (let i = 0; i < size; i++) matrix[i * width + i]! += ridge;
  return eliminate(where, matrix, size);
}

/** Gaussian elimination with partial pivoting. */
function eliminate(where: string, matrix: Float64Array, size: number): Float64Array {
  const width = size + 1;
  const scale = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(matrix[row * width + column]!) > Math.abs(matrix[pivot * width + column]!)) pivot = row;
    }
    if (!(Math.abs(matrix[pivot * width + column]!) > 1e-12 * scale)) {
      throw new DataError(`${where}: expected samples that tell ${size} segments apart, got too few. Take more samples.`);
    }
    for (let k = column; k < width; k++) {
      const swap = matrix[column * width + k]!;
      matrix[column * width + k] = matrix[pivot * width + k]!;
      matrix[pivot * width + k] = swap;
    }
    for (let row = column + 1; row < size; row++) {
      const factor = matrix[row * width + column]! / matrix[column * width + column]!;
      for (let k = column; k < width; k++) matrix[row * width + k]! -= factor * matrix[column * width + k]!;
    }
  }
  const x = new Float64Array(size);
  for (let row = size - 1; row >= 0; row--) {
    let sum = matrix[row * width + size]!;
    for (let k = row + 1; k < size; k++) sum -= matrix[row * width + k]! * x[k]!;
    x[row] = sum / matrix[row * width + row]!;
  }
  return x;
}
