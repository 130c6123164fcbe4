/** Maximum mean discrepancy under a polynomial kernel: KID where the features are Inception's. Bińkowski et al. 2018, arXiv:1801.01401, section 4. */

import { DataError, type HostTensor, OptionError, type Rng } from "@dl/core";
import { drawRows } from "../significance/draw-rows.ts";
import { type FeatureRows, readFeaturePair } from "./features.ts";

export interface KernelDistanceInputs {
  /** `[N, D]`. */
  readonly real: HostTensor;
  /** `[M, D]`. */
  readonly generated: HostTensor;
}

export interface KernelDistanceOptions {
  /** The kernel is (x·y ÷ D + 1)^degree. Default 3. */
  readonly degree?: number;
  /** Average over random subsets, as Bińkowski et al. do with 100 of 1,000 rows, instead of taking all rows at once. */
  readonly subsets?: { readonly count: number; readonly size: number; readonly rng: Rng };
  /** How sure the estimate over all rows is: both sides' rows are drawn again so often, at least 10 times. Not with `subsets`. Default not at all. */
  readonly bootstrap?: { readonly resamples: number; readonly rng: Rng };
}

export interface KernelDistanceResult {
  /** The unbiased estimate of MMD²; it may be a little below 0. */
  readonly mean: number;
  /** Of the subsets (population); 0 without subsets. */
  readonly standardDeviation: number;
  /** Of the estimate; only with `bootstrap`. */
  readonly standardError?: number;
}

/**
 * The unbiased squared MMD of two sets of features. Unlike the Fréchet distance it does not depend on how many rows there are.
 * O((N² + M² + NM)·D) time and no memory beside the features; with subsets O(count·size²·D),
 * with a bootstrap O((N² + M² + NM)·(D + resamples)).
 *
 * @example
 * const real = fromNested([[0], [1]]);
 * kernelDistance({ real, generated: fromNested([[0], [1]]) }); // { mean: -3.5, standardDeviation: 0 }
 */
export function kernelDistance(inputs: KernelDistanceInputs, options: KernelDistanceOptions = {}): KernelDistanceResult {
  const { degree = 3, subsets, bootstrap } = options;
  if (!Number.isInteger(degree) || degree < 1)
    throw new OptionError(`kernelDistance: expected a whole degree of at least 1, got ${degree}.`);
  const { real, generated } = readFeaturePair("kernelDistance", inputs, { atLeast: 2 });
  if (bootstrap !== undefined) {
    if (subsets !== undefined) throw new OptionError("kernelDistance: expected subsets or a bootstrap, got both. Leave one out.");
    return bootstrapped({ real, generated, degree }, bootstrap);
  }
  if (subsets === undefined) {
    return { mean: unbiased({ real, generated, degree }, allOf(real), allOf(generated)), standardDeviation: 0 };
  }
  const { count, size, rng } = subsets;
  const most = Math.min(real.count, generated.count);
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(size) || size < 2 || size > most) {
    throw new OptionError(
      `kernelDistance: expected at least 1 subset of 2 to ${most} rows (there are ${real.count} real and ${generated.count} generated), got ${count} of ${size}.`,
    );
  }
  const values = Float64Array.from({ length: count }, () =>
    unbiased(
      { real, generated, degree },
      rng.permutation(real.count).subarray(0, size),
      rng.permutation(generated.count).subarray(0, size),
    ),
  );
  const mean = values.reduce((a, b) => a + b) / count;
  return { mean, standardDeviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) };
}

interface Sides {
  readonly real: FeatureRows;
  readonly generated: FeatureRows;
  readonly degree: number;
}

function unbiased({ real, generated, degree }: Sides, realRows: Int32Array, generatedRows: Int32Array): number {
  const within = (side: FeatureRows, rows: Int32Array): number => {
    let sum = 0;
    for (let i = 1; i < rows.length; i++) {
      for (let j = 0; j < i; j++) sum += 2 * kernel(side, rows[i]!, side, rows[j]!, degree);
    }
    return sum / (rows.length * (rows.length - 1));
  };
  let across = 0;
  for (const i of realRows) for (const j of generatedRows) across += kernel(real, i, generated, j, degree);
  return within(real, realRows) + within(generated, generatedRows) - (2 * across) / (realRows.length * generatedRows.length);
}

/** The estimate, and that of every resample, in one pass over the pairs. A pair of two draws of one row is no pair. */
function bootstrapped({ real, generated, degree }: Sides, { resamples, rng }: { resamples: number; rng: Rng }): KernelDistanceResult {
  if (!Number.isInteger(resamples) || resamples < 10) {
    throw new OptionError(`kernelDistance: expected at least 10 resamples, got ${resamples}.`);
  }
  const fewest = Math.min(real.count, generated.count);
  if (fewest < 10) throw new DataError(`kernelDistance: expected at least 10 rows on each side for a bootstrap, got ${fewest}.`);
  // How often a resample has a row, `[count, resamples + 1]`; the first has every row once.
  const columns = resamples + 1;
  const drawn = ({ count }: FeatureRows): Float64Array => {
    const times = new Float64Array(count * columns);
    for (let row = 0; row < count; row++) times[row * columns] = 1;
    for (let r = 1; r < columns; r++) for (const row of drawRows(rng, count)) times[row * columns + r]!++;
    return times;
  };
  const [realTimes, generatedTimes] = [drawn(real), drawn(generated)];
  const values = new Float64Array(columns);
  const within = (side: FeatureRows, times: Float64Array): void => {
    const sums = new Float64Array(columns);
    const pairs = new Float64Array(columns).fill(side.count ** 2);
    for (let i = 0; i < side.count; i++) {
      for (let j = 0; j < i; j++) {
        const twice = 2 * kernel(side, i, side, j, degree);
        for (let r = 0; r < columns; r++) sums[r]! += twice * times[i * columns + r]! * times[j * columns + r]!;
      }
      for (let r = 0; r < columns; r++) pairs[r]! -= times[i * columns + r]! ** 2;
    }
    for (let r = 0; r < columns; r++) values[r]! += sums[r]! / pairs[r]!;
  };
  within(real, realTimes);
  within(generated, generatedTimes);
  const across = -2 / (real.count * generated.count);
  for (let i = 0; i < real.count; i++) {
    for (let j = 0; j < generated.count; j++) {
      const share = across * kernel(real, i, generated, j, degree);
      for (let r = 0; r < columns; r++) values[r]! += share * realTimes[i * columns + r]! * generatedTimes[j * columns + r]!;
    }
  }
  const again = values.subarray(1);
  const mean = again.reduce((a, b) => a + b) / resamples;
  const standardError = Math.sqrt(again.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (resamples - 1));
  return { mean: values[0]!, standardDeviation: 0, standardError };
}

function kernel(a: FeatureRows, i: number, b: FeatureRows, j: number, degree: number): number {
  let dot = 0;
  for (let k = 0, p = i * a.size, q = j * b.size; k < a.size; k++) dot += a.data[p++]! * b.data[q++]!;
  return (dot / a.size + 1) ** degree;
}

function allOf({ count }: FeatureRows): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
