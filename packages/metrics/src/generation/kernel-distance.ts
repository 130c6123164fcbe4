/** Maximum mean discrepancy under a polynomial kernel: KID where the features are Inception's. Bińkowski et al. 2018, arXiv:1801.01401, section 4. */

import { type HostTensor, OptionError, type Rng } from "@dl/core";
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
}

export interface KernelDistanceResult {
  /** The unbiased estimate of MMD²; it may be a little below 0. */
  readonly mean: number;
  /** Of the subsets (population); 0 without subsets. */
  readonly standardDeviation: number;
}

/**
 * The unbiased squared MMD of two sets of features. Unlike the Fréchet distance it does not depend on how many rows there are.
 * O((N² + M² + NM)·D) time and no memory beside the features; with subsets O(count·size²·D).
 *
 * @example
 * const real = fromNested([[0], [1]]);
 * kernelDistance({ real, generated: fromNested([[0], [1]]) }); // { mean: -3.5, standardDeviation: 0 }
 */
export function kernelDistance(inputs: KernelDistanceInputs, options: KernelDistanceOptions = {}): KernelDistanceResult {
  const { degree = 3, subsets } = options;
  if (!Number.isInteger(degree) || degree < 1)
    throw new OptionError(`kernelDistance: expected a whole degree of at least 1, got ${degree}.`);
  const { real, generated } = readFeaturePair("kernelDistance", inputs, { atLeast: 2 });
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

function kernel(a: FeatureRows, i: number, b: FeatureRows, j: number, degree: number): number {
  let dot = 0;
  for (let k = 0, p = i * a.size, q = j * b.size; k < a.size; k++) dot += a.data[p++]! * b.data[q++]!;
  return (dot / a.size + 1) ** degree;
}

function allOf({ count }: FeatureRows): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
