/** Mean and covariance of features, batch by batch, in float64. Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance". */

import { DataError, type HostTensor, OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { readFeatures } from "./features.ts";

export interface FeatureStatisticsOptions {
  /** The length D of a row of features. */
  readonly size: number;
}

export interface FeatureInputs {
  /** `[N, D]`, finite. */
  readonly features: HostTensor;
}

/** A Gaussian fitted to features. */
export interface GaussianStatistics {
  /** `[D]`. */
  readonly mean: Float64Array;
  /** Row-major `[D, D]`, with the unbiased divisor N − 1. */
  readonly covariance: Float64Array;
  readonly count: number;
}

export interface FeatureStatisticsState {
  readonly mean: readonly number[];
  /** Σ (x − mean)(x − mean)ᵀ, the lower triangle row by row. */
  readonly scatter: readonly number[];
  readonly count: number;
}

/**
 * The mean and covariance of every row since `reset`. Memory: D·(D + 3)/2 numbers, however many rows.
 *
 * Sums are kept about the running mean, so that features far from zero lose no digits.
 *
 * @example
 * const statistics = new FeatureStatistics({ size: 2 });
 * statistics.update({ features: fromNested([[0, 0], [2, 4]]) });
 * statistics.result().mean; // 1, 2
 */
export class FeatureStatistics implements Metric<FeatureInputs, GaussianStatistics, FeatureStatisticsState> {
  readonly #size: number;
  #mean: Float64Array;
  #scatter: Float64Array;
  #count = 0;

  constructor({ size }: FeatureStatisticsOptions) {
    if (!Number.isInteger(size) || size < 1) throw new OptionError(`FeatureStatistics: expected a size of at least 1, got ${size}.`);
    this.#size = size;
    this.#mean = new Float64Array(size);
    this.#scatter = new Float64Array((size * (size + 1)) / 2);
  }

  update({ features }: FeatureInputs): void {
    const rows = readFeatures("FeatureStatistics.update", features, { name: "features", atLeast: 1, size: this.#size });
    const { data, count, size } = rows;
    const mean = new Float64Array(size);
    for (let row = 0; row < count; row++) for (let i = 0; i < size; i++) mean[i]! += data[row * size + i]! / count;
    const scatter = new Float64Array(this.#scatter.length);
    const centred = new Float64Array(size);
    for (let row = 0; row < count; row++) {
      for (let i = 0; i < size; i++) centred[i] = data[row * size + i]! - mean[i]!;
      addOuter(scatter, centred, 1);
    }
    this.#add(mean, scatter, count);
  }

  result(): GaussianStatistics {
    if (this.#count === 0) throw nothingAdded("FeatureStatistics.result");
    if (this.#count === 1) throw new DataError("FeatureStatistics.result: expected at least 2 rows for a covariance, got 1.");
    const size = this.#size;
    const covariance = new Float64Array(size * size);
    for (let i = 0, at = 0; i < size; i++) {
      for (let j = 0; j <= i; j++, at++) {
        covariance[i * size + j] = covariance[j * size + i] = this.#scatter[at]! / (this.#count - 1);
      }
    }
    return { mean: this.#mean.slice(), covariance, count: this.#count };
  }

  reset(): void {
    this.#mean.fill(0);
    this.#scatter.fill(0);
    this.#count = 0;
  }

  merge(other: this): void {
    if (other.#size !== this.#size) {
      throw new OptionError(`FeatureStatistics.merge: expected equal sizes, got ${this.#size} and ${other.#size}.`);
    }
    if (other.#count > 0) this.#add(other.#mean, other.#scatter, other.#count);
  }

  state(): FeatureStatisticsState {
    return { mean: [...this.#mean], scatter: [...this.#scatter], count: this.#count };
  }

  restore({ mean, scatter, count }: FeatureStatisticsState): void {
    if (mean.length !== this.#size || scatter.length !== this.#scatter.length) {
      throw new OptionError(
        `FeatureStatistics.restore: expected ${this.#size} means and ${this.#scatter.length} sums, got ${mean.length} and ${scatter.length}.`,
      );
    }
    this.#mean = Float64Array.from(mean);
    this.#scatter = Float64Array.from(scatter);
    this.#count = count;
  }

  #add(mean: Float64Array, scatter: Float64Array, count: number): void {
    const total = this.#count + count;
    const shift = mean.map((m, i) => m - this.#mean[i]!);
    for (let at = 0; at < scatter.length; at++) this.#scatter[at]! += scatter[at]!;
    // The two parts lie about their own means: what the means differ by is spread between the parts.
    addOuter(this.#scatter, shift, (this.#count * count) / total);
    for (let i = 0; i < this.#size; i++) this.#mean[i]! += (shift[i]! * count) / total;
    this.#count = total;
  }
}

/** triangle += weight · x xᵀ. */
function addOuter(triangle: Float64Array, x: Float64Array, weight: number): void {
  if (weight === 0) return;
  for (let i = 0, at = 0; i < x.length; i++) {
    const scaled = weight * x[i]!;
    for (let j = 0; j <= i; j++) triangle[at++]! += scaled * x[j]!;
  }
}
