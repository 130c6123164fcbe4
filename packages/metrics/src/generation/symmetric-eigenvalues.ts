/** Eigenvalues of a symmetric matrix: Householder's reduction, then QL with implicit shifts. Golub & Van Loan 2013, sections 8.3.1 and 8.3.3. */

import { DataError } from "@dl/core";

/**
 * The eigenvalues of a symmetric row-major `[size, size]`, ascending. Reads the lower triangle; O(size³) time, one copy of memory.
 * Errors are of the order of 2⁻⁵²·‖A‖.
 */
export function symmetricEigenvalues(matrix: Float64Array, { size }: { readonly size: number }): Float64Array {
  const { diagonal, beside } = tridiagonalise(matrix.slice(), size);
  solveTridiagonal(diagonal, beside);
  return diagonal.sort();
}

/** Reflections A ← (I − β v vᵀ) A (I − β v vᵀ) that clear a row at a time, from the last; `a` is overwritten. */
function tridiagonalise(a: Float64Array, size: number): { diagonal: Float64Array; beside: Float64Array } {
  const diagonal = new Float64Array(size);
  const beside = new Float64Array(size);
  const v = new Float64Array(size);
  const w = new Float64Array(size);
  for (let k = size - 1; k > 0; k--) {
    const row = k * size;
    diagonal[k] = a[row + k]!;
    let square = 0;
    for (let j = 0; j < k; j++) {
      v[j] = a[row + j]!;
      square += v[j]! * v[j]!;
    }
    const last = v[k - 1]!;
    // Away from `last`, so that nothing cancels.
    const length = last > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    beside[k - 1] = length;
    if (square - last * last === 0) {
      beside[k - 1] = last;
      continue;
    }
    v[k - 1] = last - length;
    const beta = 1 / (square - last * length); // 2 ÷ vᵀv
    // w = β A v, of the lower triangle alone.
    w.fill(0, 0, k);
    for (let i = 0; i < k; i++) {
      const vi = v[i]!;
      let sum = 0;
      for (let j = 0, at = i * size; j < i; j++, at++) {
        sum += a[at]! * v[j]!;
        w[j]! += a[at]! * vi;
      }
      w[i]! += sum + a[i * size + i]! * vi;
    }
    let overlap = 0;
    for (let i = 0; i < k; i++) {
      w[i]! *= beta;
      overlap += w[i]! * v[i]!;
    }
    for (let i = 0; i < k; i++) w[i]! -= (beta / 2) * overlap * v[i]!;
    for (let i = 0; i < k; i++) {
      const [vi, wi] = [v[i]!, w[i]!];
      for (let j = 0, at = i * size; j <= i; j++, at++) a[at]! -= vi * w[j]! + wi * v[j]!;
    }
  }
  diagonal[0] = a[0]!;
  return { diagonal, beside };
}

/** Leaves the eigenvalues in `d`; `e[i]` couples i and i + 1. */
function solveTridiagonal(d: Float64Array, e: Float64Array): void {
  const size = d.length;
  for (let first = 0; first < size; first++) {
    for (let sweep = 0; ; sweep++) {
      let end = first;
      while (end < size - 1 && Math.abs(e[end]!) > Number.EPSILON * (Math.abs(d[end]!) + Math.abs(d[end + 1]!))) end++;
      if (end === first) break;
      if (sweep === 60) throw new DataError("symmetricEigenvalues: expected a finite symmetric matrix, got one that does not converge.");
      // Wilkinson's shift.
      const half = (d[first + 1]! - d[first]!) / (2 * e[first]!);
      let g = d[end]! - d[first]! + e[first]! / (half + Math.sign(half || 1) * Math.sqrt(half * half + 1));
      let [sine, cosine, moved] = [1, 1, 0];
      let split = false;
      for (let i = end - 1; i >= first; i--) {
        const f = sine * e[i]!;
        const b = cosine * e[i]!;
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= moved;
          split = true;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = d[i + 1]! - moved;
        const t = (d[i]! - g) * sine + 2 * cosine * b;
        moved = sine * t;
        d[i + 1] = g + moved;
        g = cosine * t - b;
      }
      if (!split) {
        d[first]! -= moved;
        e[first] = g;
      }
      e[end] = 0;
    }
  }
}
