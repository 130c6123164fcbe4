/** Fréchet distance of two Gaussians fitted to features: FID where the features are Inception's. Heusel et al. 2017, arXiv:1706.08500, equation 6. */

import { DataError, type HostTensor, OptionError, ShapeError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { FeatureStatistics, type FeatureStatisticsState, type GaussianStatistics } from "./feature-statistics.ts";
import { readFeatures } from "./features.ts";
import { symmetricEigenvalues } from "./symmetric-eigenvalues.ts";

/**
 * ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), at least 0. Covariances may be singular (fewer rows than features).
 *
 * Takes O(D³) time. tr (Σ₁ Σ₂)^½ is Σ √λ over the eigenvalues of Lᵀ Σ₂ L with Σ₁ = L Lᵀ: a symmetric problem, without the complex
 * square roots that a general one meets.
 *
 * @example
 * const standard = { mean: Float64Array.of(0), covariance: Float64Array.of(1), count: 100 };
 * frechetDistance(standard, { mean: Float64Array.of(3), covariance: Float64Array.of(4), count: 100 }); // 10
 */
export function frechetDistance(a: GaussianStatistics, b: GaussianStatistics): number {
  const size = a.mean.length;
  for (const { mean, covariance } of [a, b]) {
    if (mean.length !== size || covariance.length !== size * size || size === 0) {
      throw new ShapeError(
        `frechetDistance: expected means [${size}] and covariances [${size}, ${size}] on both sides, got ${mean.length} and ${covariance.length} numbers.`,
      );
    }
    if (!mean.every(Number.isFinite) || !covariance.every(Number.isFinite)) {
      throw new DataError("frechetDistance: expected finite statistics, got NaN or an infinity.");
    }
  }
  let distance = 0;
  for (let i = 0; i < size; i++) {
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[i * size + i]! + b.covariance[i * size + i]!;
  }
  return Math.max(0, distance - 2 * traceOfRoot(a.covariance, b.covariance, size));
}

/** tr (Σ₁ Σ₂)^½. */
function traceOfRoot(first: Float64Array, second: Float64Array, size: number): number {
  const { factor, rank } = pivotedCholesky(first, size);
  if (rank === 0) return 0;
  const half = new Float64Array(rank * size); // Lᵀ Σ₂
  const product = new Float64Array(rank * rank); // Lᵀ Σ₂ L
  for (let r = 0; r < rank; r++) {
    for (let k = 0; k < size; k++) {
      const weight = factor[r * size + k]!;
      if (weight === 0) continue;
      for (let j = 0, from = k * size, to = r * size; j < size; j++) half[to++]! += weight * second[from++]!;
    }
    for (let c = 0; c <= r; c++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += half[r * size + j]! * factor[c * size + j]!;
      product[r * rank + c] = product[c * rank + r] = sum;
    }
  }
  let trace = 0;
  for (const value of symmetricEigenvalues(product, { size: rank })) trace += Math.sqrt(Math.max(0, value));
  return trace;
}

/** Lᵀ `[rank, size]` with A = L Lᵀ, largest pivots first, ended where only rounding is left. Higham 2002, section 10.3. */
function pivotedCholesky(a: Float64Array, size: number): { factor: Float64Array; rank: number } {
  const left = Float64Array.from({ length: size }, (_, i) => a[i * size + i]!);
  const factor = new Float64Array(size * size);
  const enough = size * Number.EPSILON * left.reduce((x, y) => Math.max(x, y), 0);
  for (let rank = 0; rank < size; rank++) {
    let pivot = 0;
    for (let i = 1; i < size; i++) if (left[i]! > left[pivot]!) pivot = i;
    if (!(left[pivot]! > enough)) return { factor, rank };
    const row = factor.subarray(rank * size, (rank + 1) * size);
    row.set(a.subarray(pivot * size, (pivot + 1) * size));
    for (let earlier = 0; earlier < rank; earlier++) {
      const weight = factor[earlier * size + pivot]!;
      for (let i = 0, at = earlier * size; i < size; i++) row[i]! -= weight * factor[at++]!;
    }
    const scale = 1 / Math.sqrt(left[pivot]!);
    for (let i = 0; i < size; i++) {
      row[i]! *= scale;
      left[i]! -= row[i]! * row[i]!;
    }
    left[pivot] = 0;
  }
  return { factor, rank: size };
}

export interface FrechetInputs {
  /** Features of real data, `[N, D]`. */
  readonly real?: HostTensor;
  /** Features of generated data, `[M, D]`. */
  readonly generated?: HostTensor;
}

export interface FrechetState {
  readonly real: FeatureStatisticsState;
  readonly generated: FeatureStatisticsState;
}

export interface FrechetDistanceOptions {
  /** The length D of a row of features. */
  readonly size: number;
}

/**
 * The Fréchet distance of generated from real features, batch by batch. Memory: about D² numbers a side, however many rows.
 *
 * It falls with the number of rows: compare equal numbers, and give the distance of two real halves beside it.
 *
 * @example
 * const distance = new FrechetDistance({ size: 1 });
 * distance.update({ real: fromNested([[0], [2]]), generated: fromNested([[5], [7]]) });
 * distance.result(); // 25
 */
export class FrechetDistance implements Metric<FrechetInputs, number, FrechetState> {
  readonly #size: number;
  readonly #real: FeatureStatistics;
  readonly #generated: FeatureStatistics;

  constructor({ size }: FrechetDistanceOptions) {
    this.#size = size;
    this.#real = new FeatureStatistics({ size });
    this.#generated = new FeatureStatistics({ size });
  }

  /** Adds rows to either side, or to both. */
  update({ real, generated }: FrechetInputs): void {
    if (real === undefined && generated === undefined) {
      throw new OptionError("FrechetDistance.update: expected real or generated features, got neither.");
    }
    // Both are checked before either is added.
    const check = { atLeast: 1, size: this.#size };
    if (real !== undefined) readFeatures("FrechetDistance.update", real, { name: "real", ...check });
    if (generated !== undefined) readFeatures("FrechetDistance.update", generated, { name: "generated", ...check });
    if (real !== undefined) this.#real.update({ features: real });
    if (generated !== undefined) this.#generated.update({ features: generated });
  }

  result(): number {
    return frechetDistance(this.#real.result(), this.#generated.result());
  }

  reset(): void {
    this.#real.reset();
    this.#generated.reset();
  }

  /** Forgets the generated features and keeps the real ones, for the next checkpoint of a generator. */
  resetGenerated(): void {
    this.#generated.reset();
  }

  merge(other: this): void {
    this.#real.merge(other.#real);
    this.#generated.merge(other.#generated);
  }

  state(): FrechetState {
    return { real: this.#real.state(), generated: this.#generated.state() };
  }

  restore({ real, generated }: FrechetState): void {
    this.#real.restore(real);
    this.#generated.restore(generated);
  }
}
