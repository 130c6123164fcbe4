/** Histograms with the bins TensorBoard expects: each 1.1 times as wide as the one before. tensorflow/core/lib/histogram/histogram.cc. */

import { DataError } from "@dl/core";

export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Upper edges of the bins, ascending; the first bin is empty and only says where the second starts. */
  readonly limits: readonly number[];
  /** How many values lie in each bin. */
  readonly counts: readonly number[];
}

/** … −1.1e-12, −1e-12, 0, 1e-12, 1.1e-12 … beyond ±1e20, and one bin for everything larger. */
const edges: readonly number[] = (() => {
  const positive: number[] = [];
  for (let edge = 1e-12; edge < 1e20; edge *= 1.1) positive.push(edge);
  return [...positive.map((edge) => -edge).reverse(), 0, ...positive, Number.MAX_VALUE];
})();

/** Bins of `values`; `name` is for the error when one is not finite, or none is there. */
export function histogramOf(name: string, values: ArrayLike<number>): Histogram {
  if (values.length === 0) throw new DataError(`histogram ${JSON.stringify(name)}: expected at least one value, got none.`);
  const bins = new Float64Array(edges.length + 1);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let sumOfSquares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      throw new DataError(`histogram ${JSON.stringify(name)}: expected finite values, got ${value} at ${i}. Check for divergence first.`);
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumOfSquares += value * value;
    bins[firstEdgeAbove(value)]!++;
  }
  const first = bins.findIndex((count) => count > 0);
  const last = bins.findLastIndex((count) => count > 0);
  const limits: number[] = [];
  const counts: number[] = [];
  // A value below every edge has no left limit: its own bin comes first.
  for (let bin = Math.max(0, first - 1); bin <= last; bin++) {
    // Runs of empty bins become one: between −0.1 and 0.1 alone there are hundreds.
    if (bins[bin] === 0 && bin >= first && counts.at(-1) === 0) limits[limits.length - 1] = edges[bin]!;
    else {
      limits.push(edges[bin]!);
      counts.push(bins[bin]!);
    }
  }
  return { min, max, count: values.length, sum, sumOfSquares, limits, counts };
}

/** Bin `i` holds `edges[i − 1] ≤ value < edges[i]`. */
function firstEdgeAbove(value: number): number {
  let low = 0;
  // The last edge is the largest double there is: a value equal to it still belongs to the last bin.
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
