/** Whether a model that says 80 % is right 8 times in 10. Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, section 2. */

import { OptionError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded, requireChoice } from "../numbers.ts";
import { argmax } from "./class-inputs.ts";
import {
  type ProbabilityInputs,
  type ProbabilityMetricOptions,
  type ProbabilityRows,
  probabilitiesOf,
  readProbabilityRows,
} from "./probability-inputs.ts";

export interface CalibrationErrorOptions extends ProbabilityMetricOptions {
  /** Equally wide bins of confidence. Default 15, as in Guo et al. */
  readonly bins?: number;
  /** `l1`: the expected calibration error; `l2`: its root mean square; `max`: the worst bin. Default `l1`. */
  readonly norm?: "l1" | "l2" | "max";
}

export interface CalibrationState {
  readonly counts: readonly number[];
  readonly confidences: readonly number[];
  readonly hits: readonly number[];
}

/**
 * The gap between confidence and accuracy, over bins `[i/n, (i + 1)/n)` of confidence; 1 belongs to the last.
 * Rows of classes: confidence is the largest probability, a hit is a right prediction. Binary: confidence is the probability of the
 * yes, a hit is a yes (as in torchmetrics).
 *
 * @example
 * const error = new CalibrationError({ bins: 10 });
 * error.update({ labels: [1, 0], probabilities: [0.75, 0.75] });
 * error.result(); // 0.25
 */
export class CalibrationError implements Metric<ProbabilityInputs, number, CalibrationState> {
  readonly #norm: "l1" | "l2" | "max";
  readonly #options: ProbabilityMetricOptions;
  #counts: Float64Array;
  #confidences: Float64Array;
  #hits: Float64Array;

  constructor({ bins = 15, norm = "l1", ignoreLabel }: CalibrationErrorOptions = {}) {
    if (!Number.isInteger(bins) || bins < 1) throw new OptionError(`CalibrationError: expected at least 1 bin, got ${bins}.`);
    requireChoice("CalibrationError", "norm", [norm, ["l1", "l2", "max"]]);
    this.#norm = norm;
    this.#options = ignoreLabel === undefined ? {} : { ignoreLabel };
    this.#counts = new Float64Array(bins);
    this.#confidences = new Float64Array(bins);
    this.#hits = new Float64Array(bins);
  }

  update(inputs: ProbabilityInputs): void {
    const rows = readProbabilityRows("CalibrationError.update", inputs, this.#options);
    const bins = this.#counts.length;
    for (let i = 0; i < rows.labels.length; i++) {
      const { confidence, hit, bin } = confidenceOf(rows, i, bins);
      const weight = rows.weights[i]!;
      this.#counts[bin]! += weight;
      this.#confidences[bin]! += weight * confidence;
      if (hit) this.#hits[bin]! += weight;
    }
  }

  result(): number {
    const total = this.#counts.reduce((a, b) => a + b);
    if (total === 0) throw nothingAdded("CalibrationError.result");
    let sum = 0;
    let worst = 0;
    this.#counts.forEach((count, bin) => {
      if (count === 0) return;
      const gap = Math.abs(this.#hits[bin]! - this.#confidences[bin]!) / count;
      worst = Math.max(worst, gap);
      sum += ((this.#norm === "l2" ? gap * gap : gap) * count) / total;
    });
    return this.#norm === "max" ? worst : this.#norm === "l2" ? Math.sqrt(sum) : sum;
  }

  reset(): void {
    for (const sums of [this.#counts, this.#confidences, this.#hits]) sums.fill(0);
  }

  merge(other: this): void {
    this.#requireBins("merge", other.#counts.length);
    for (let bin = 0; bin < this.#counts.length; bin++) {
      this.#counts[bin]! += other.#counts[bin]!;
      this.#confidences[bin]! += other.#confidences[bin]!;
      this.#hits[bin]! += other.#hits[bin]!;
    }
  }

  state(): CalibrationState {
    return { counts: [...this.#counts], confidences: [...this.#confidences], hits: [...this.#hits] };
  }

  restore({ counts, confidences, hits }: CalibrationState): void {
    for (const sums of [counts, confidences, hits]) this.#requireBins("restore", sums.length);
    this.#counts = Float64Array.from(counts);
    this.#confidences = Float64Array.from(confidences);
    this.#hits = Float64Array.from(hits);
  }

  #requireBins(method: string, bins: number): void {
    if (bins !== this.#counts.length) {
      throw new OptionError(`CalibrationError.${method}: expected ${this.#counts.length} bins, got ${bins}.`);
    }
  }
}

/** How sure a row is, whether it is right, and the bin of `bins` it belongs to. */
export function confidenceOf(
  rows: ProbabilityRows,
  row: number,
  bins: number,
): { readonly confidence: number; readonly hit: boolean; readonly bin: number } {
  const probabilities = probabilitiesOf(rows, row);
  const prediction = argmax(probabilities, 0, probabilities.length);
  const confidence = Math.min(1, probabilities[prediction]!);
  const hit = rows.columns === 1 ? rows.labels[row] === 1 : rows.labels[row] === prediction;
  return { confidence, hit, bin: binOf(confidence, bins) };
}

/** The last i of which the confidence reaches i ÷ bins, and 1 in the last bin. */
function binOf(confidence: number, bins: number): number {
  const bin = Math.min(bins - 1, Math.floor(confidence * bins));
  // The product may be a rounding error off a whole number: 0.29 · 100 is below 29.
  if (bin + 1 < bins && (bin + 1) / bins <= confidence) return bin + 1;
  return bin / bins > confidence ? bin - 1 : bin;
}
