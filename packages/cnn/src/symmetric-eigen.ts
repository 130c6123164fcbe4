/** Eigenvectors of a small symmetric matrix, by Jacobi rotations. Golub and Van Loan, "Matrix computations", section 8.5. */

export interface Eigen {
  /** Largest first. */
  readonly values: Float64Array;
  /** Unit eigenvectors as rows, in the order of `values`: `[n · n]`. */
  readonly vectors: Float64Array;
}

/** @param matrix  `[n · n]`, symmetric; left as it is. */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice();
  // Rows become the eigenvectors.
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  // Each sweep squares what is left off the diagonal, in the end; ten are enough for float64.
  for (let sweep = 0; sweep < 50 && offDiagonal(a, n) > 1e-30 * diagonal(a, n); sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, { n, p, q });
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  return {
    values: Float64Array.from(order, (i) => a[i * n + i]!),
    vectors: Float64Array.from(order.flatMap((i) => [...v.subarray(i * n, i * n + n)])),
  };
}

/** Makes a[p, q] zero by turning the plane of the axes p and q. */
function rotate(a: Float64Array, v: Float64Array, { n, p, q }: { n: number; p: number; q: number }): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  // The smaller of the two angles.
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (m: Float64Array, i: number, j: number): void => {
    const x = m[i]!;
    const y = m[j]!;
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  };
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q);
  for (let k = 0; k < n; k++) {
    turn(a, p * n + k, q * n + k);
    turn(v, p * n + k, q * n + k);
  }
}

function offDiagonal(a: Float64Array, n: number): number {
  return a.reduce((sum, value, i) => (i % (n + 1) === 0 ? sum : sum + value * value), 0);
}

function diagonal(a: Float64Array, n: number): number {
  return a.reduce((sum, value, i) => (i % (n + 1) === 0 ? sum + value * value : sum), 0);
}
