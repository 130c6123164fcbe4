/** Solving with a symmetric positive-definite matrix through its Cholesky factor. */

/** The lower factor L of A = L·Lᵀ, row by row in one array. */
export function choleskyFactor(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * size + k]! * factor[j * size + k]!;
      factor[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[j * size + j]!;
    }
  }
  return factor;
}

/** y of L·y = b. */
export function solveLower(factor: Float64Array, b: Float64Array): Float64Array {
  const size = b.length;
  const y = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i * size + k]! * y[k]!;
    y[i] = sum / factor[i * size + i]!;
  }
  return y;
}

/** x of Lᵀ·x = y. */
export function solveUpper(factor: Float64Array, y: Float64Array): Float64Array {
  const size = y.length;
  const x = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    let sum = y[i]!;
    for (let k = i + 1; k < size; k++) sum -= factor[k * size + i]! * x[k]!;
    x[i] = sum / factor[i * size + i]!;
  }
  return x;
}
