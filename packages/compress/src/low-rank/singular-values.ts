/** Singular value decomposition on the host, in float64, by one-sided Jacobi rotations. Hestenes 1958; Golub & Van Loan 2013, section 8.6.3. */

import { DataError } from "@dl/core";

/** A = U · diag(values) · Vᵀ, with as many values as the shorter side. */
export interface Decomposition {
  /** `[rows, k]`, columns of length 1 (of length 0 where the value is 0). */
  readonly u: Float64Array;
  /** Largest first. */
  readonly values: Float64Array;
  /** `[columns, k]` */
  readonly v: Float64Array;
}

/**
 * @param matrix  `[rows, columns]`, row-major; left as it is.
 * @throws DataError for values that are no numbers.
 * @example
 * const { values } = singularValues(Float64Array.of(3, 0, 0, -4), { rows: 2, columns: 2 });
 * values; // [4, 3]
 */
export function singularValues(
  matrix: ArrayLike<number>,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Decomposition {
  if (columns > rows) {
    const { u, values, v } = singularValues(transposed(matrix, { rows, columns }), { rows: columns, columns: rows });
    return { u: v, values, v: u };
  }
  // Columns lie in rows of `a`, so that a rotation runs along memory.
  const a = transposed(matrix, { rows, columns });
  if (!a.every(Number.isFinite)) throw new DataError("singularValues: expected finite numbers, got others.");
  const v = Float64Array.from({ length: columns * columns }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0));
  for (let sweep = 0, turned = true; turned; sweep++) {
    if (sweep === 60) throw new DataError("singularValues: expected rotations to end, got 60 rounds of them.");
    turned = false;
    for (let p = 0; p < columns; p++) {
      for (let q = p + 1; q < columns; q++) if (rotate(a, v, { p, q, rows, columns })) turned = true;
    }
  }
  const lengths = Float64Array.from({ length: columns }, (_, i) => lengthOf(a, { start: i * rows, size: rows }));
  const order = Array.from({ length: columns }, (_, i) => i).sort((i, j) => lengths[j]! - lengths[i]!);
  const u = new Float64Array(rows * columns);
  const vectors = new Float64Array(columns * columns);
  order.forEach((from, to) => {
    const length = lengths[from]!;
    for (let row = 0; row < rows; row++) u[row * columns + to] = length === 0 ? 0 : a[from * rows + row]! / length;
    for (let row = 0; row < columns; row++) vectors[row * columns + to] = v[from * columns + row]!;
  });
  return { u, values: Float64Array.from(order, (i) => lengths[i]!), v: vectors };
}

function lengthOf(a: Float64Array, { start, size }: { start: number; size: number }): number {
  let square = 0;
  for (let i = start; i < start + size; i++) square += a[i]! * a[i]!;
  return Math.sqrt(square);
}

/** Turns two columns until they are orthogonal; whether they were not. */
function rotate(
  a: Float64Array,
  v: Float64Array,
  { p, q, rows, columns }: { p: number; q: number; rows: number; columns: number },
): boolean {
  let [alpha, beta, gamma] = [0, 0, 0];
  for (let i = 0, ip = p * rows, iq = q * rows; i < rows; i++, ip++, iq++) {
    const [x, y] = [a[ip]!, a[iq]!];
    alpha += x * x;
    beta += y * y;
    gamma += x * y;
  }
  // A column of rounding errors, where the matrix has no full rank, has no direction.
  if (Math.min(alpha, beta) <= 1e-30 * Math.max(alpha, beta) || Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) return false;
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  turn(a, { from: p * rows, to: q * rows, length: rows, c, s: c * t });
  turn(v, { from: p * columns, to: q * columns, length: columns, c, s: c * t });
  return true;
}

function turn(m: Float64Array, { from, to, length, c, s }: { from: number; to: number; length: number; c: number; s: number }): void {
  for (let i = 0; i < length; i++) {
    const [x, y] = [m[from + i]!, m[to + i]!];
    m[from + i] = c * x - s * y;
    m[to + i] = s * x + c * y;
  }
}

function transposed(matrix: ArrayLike<number>, { rows, columns }: { rows: number; columns: number }): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = matrix[row * columns + column]!;
  return out;
}
