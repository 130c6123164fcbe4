/**
 * Which range of activations int8 should cover. Percentile and MSE: Nagel et al. 2021, arXiv:2106.08295, section 3.1; entropy: Migacz 2017, "8-bit
 * inference with TensorRT".
 */

import { OptionError } from "@dl/core";
import { activationIntegers, affineScale, roundToEven } from "./integers.ts";

/**
 * `min-max`: all values seen. `percentile`: all but the outermost. `mse`: the range of least squared error. `entropy`: the range by which the
 * distribution changes least.
 */
export type RangeMethod = "min-max" | "percentile" | "mse" | "entropy";

export interface ActivationRange {
  readonly min: number;
  readonly max: number;
}

const bins = 2048;

/** What a layer was given: its extent first, and in a second pass how its values are spread. */
export class ActivationHistogram {
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  readonly counts: Float64Array = new Float64Array(bins);

  /** First pass. */
  widen(data: ArrayLike<number>): void {
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      if (!Number.isFinite(value)) throw new OptionError(`quantise: expected finite activations on the calibration data, got ${value}.`);
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
    }
  }

  /** Second pass, over the same data. */
  count(data: ArrayLike<number>): void {
    const perValue = this.max > this.min ? bins / (this.max - this.min) : 0;
    for (let i = 0; i < data.length; i++) {
      this.counts[Math.min(bins - 1, Math.max(0, Math.floor((data[i]! - this.min) * perValue)))]!++;
    }
  }

  /** The value in the middle of a bin. */
  centre(bin: number): number {
    return this.min + ((bin + 0.5) * (this.max - this.min)) / bins;
  }
}

/**
 * The range to cover.
 *
 * @param options.percentile  Share of the values below the upper end, and above the lower one, for that method. Default 99.99.
 */
export function activationRange(
  histogram: ActivationHistogram,
  { method, percentile = 99.99 }: { readonly method: RangeMethod; readonly percentile?: number },
): ActivationRange {
  const { min, max } = histogram;
  if (min === max) return { min, max };
  switch (method) {
    case "min-max":
      return { min, max };
    case "percentile":
      return byPercentile(histogram, percentile);
    case "mse":
      return byError(histogram);
    case "entropy":
      return byEntropy(histogram);
    default:
      throw new OptionError(`quantise: expected activations min-max, percentile, mse or entropy, got ${String(method satisfies never)}.`);
  }
}

function byPercentile({ min, max, counts }: ActivationHistogram, percentile: number): ActivationRange {
  if (!(percentile > 50 && percentile <= 100))
    throw new OptionError(`quantise: expected a percentile above 50 and up to 100, got ${percentile}.`);
  const total = counts.reduce((a, b) => a + b, 0);
  const cut = total * (1 - percentile / 100);
  const width = (max - min) / bins;
  const edge = (order: (i: number) => number): number => {
    let [passed, i] = [0, 0];
    while (i < bins - 1 && passed + counts[order(i)]! <= cut) passed += counts[order(i++)]!;
    // Within the bin, values are taken to be spread evenly.
    return i + (cut - passed) / counts[order(i)]!;
  };
  return { min: min + width * edge((i) => i), max: max - width * edge((i) => bins - 1 - i) };
}

function byError(histogram: ActivationHistogram): ActivationRange {
  const { low, high } = activationIntegers;
  let best: ActivationRange & { readonly error: number } = { min: 0, max: 0, error: Number.POSITIVE_INFINITY };
  for (let share = 1; share > 0.1; share -= 0.01) {
    const range = { min: histogram.min * share, max: histogram.max * share };
    const { scale, zeroPoint } = affineScale(range);
    let error = 0;
    for (let bin = 0; bin < bins; bin++) {
      const count = histogram.counts[bin]!;
      if (count === 0) continue;
      const value = histogram.centre(bin);
      const integer = Math.min(high, Math.max(low, roundToEven(value / scale) + zeroPoint));
      error += count * (value - scale * (integer - zeroPoint)) ** 2;
    }
    if (error < best.error) best = { ...range, error };
  }
  return { min: best.min, max: best.max };
}

/** Levels of one sign. */
const levels = 128;

function byEntropy(histogram: ActivationHistogram): ActivationRange {
  const { min, max, counts } = histogram;
  const largest = Math.max(-min, max);
  const sizes = new Float64Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    if (counts[bin] === 0) continue;
    const at = Math.min(bins - 1, Math.floor((Math.abs(histogram.centre(bin)) / largest) * bins));
    sizes[at]! += counts[bin]!;
  }
  // Zero is exact whatever the range, and after a ReLU most values are 0: their number must not speak for a narrow one. As in NVIDIA's
  // pytorch-quantization.
  sizes[0] = sizes[1]!;
  let best = { divergence: Number.POSITIVE_INFINITY, end: bins };
  for (let end = levels; end <= bins; end += 4) {
    const divergence = divergenceAt(sizes, end);
    if (divergence < best.divergence) best = { divergence, end };
  }
  const threshold = (largest * best.end) / bins;
  return { min: Math.max(min, -threshold), max: Math.min(max, threshold) };
}

/** KL(values cut at `end` ‖ the same in `levels` levels). */
function divergenceAt(sizes: Float64Array, end: number): number {
  const cut = sizes.slice(0, end);
  let outside = 0;
  for (let i = end; i < sizes.length; i++) outside += sizes[i]!;
  // A level spreads its count evenly over the bins that were not empty.
  const spread = new Float64Array(end);
  for (let level = 0; level < levels; level++) {
    const [from, to] = [Math.floor((level * end) / levels), Math.floor(((level + 1) * end) / levels)];
    let [count, full] = [0, 0];
    for (let i = from; i < to; i++) {
      count += cut[i]!;
      if (cut[i]! > 0) full++;
    }
    for (let i = from; i < to; i++) if (cut[i]! > 0) spread[i] = count / full;
  }
  cut[end - 1]! += outside;
  const total = cut.reduce((a, b) => a + b, 0);
  const spreadTotal = spread.reduce((a, b) => a + b, 0);
  if (spreadTotal === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let i = 0; i < end; i++) {
    if (cut[i] === 0) continue;
    // What the levels cannot say costs much, not everything.
    const q = Math.max(spread[i]! / spreadTotal, 1e-10);
    divergence += (cut[i]! / total) * Math.log(cut[i]! / total / q);
  }
  return divergence;
}
