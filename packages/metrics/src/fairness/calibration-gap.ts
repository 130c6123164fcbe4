/** How differently groups are calibrated, fast enough for hundreds of resamples: each row's confidence is found once. */

import { type CalibrationError, confidenceOf } from "../classification/calibration-error.ts";
import { type ProbabilityInputs, readProbabilityRows } from "../classification/probability-inputs.ts";
import { gap } from "./group-fairness.ts";

/** As in Guo et al. 2017, and `CalibrationError`. */
const bins = 15;

export interface GroupCalibration {
  /** Expected calibration error of each group over some rows, as {@link CalibrationError} finds it; NaN for a group without any. */
  errors(rows: Int32Array): number[];
  /** The largest less the smallest. */
  gap(rows: Int32Array): number;
}

/** @param groupOf  The group of each row, from 0 to `groupCount` − 1. */
export function groupCalibration(
  inputs: ProbabilityInputs,
  { groupOf, groupCount }: { readonly groupOf: Int32Array; readonly groupCount: number },
): GroupCalibration {
  const read = readProbabilityRows("biasAudit", inputs);
  const { length } = read.labels;
  const binOf = new Uint8Array(length);
  /** Right or not, less the confidence. */
  const surprises = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    const { confidence, hit, bin } = confidenceOf(read, row, bins);
    binOf[row] = bin;
    surprises[row] = Number(hit) - confidence;
  }
  const errors = (rows: Int32Array): number[] => {
    const sums = new Float64Array(groupCount * bins);
    const counts = new Float64Array(groupCount);
    for (const row of rows) {
      sums[groupOf[row]! * bins + binOf[row]!]! += surprises[row]!;
      counts[groupOf[row]!]!++;
    }
    // Σ over bins of (count ÷ all) · |accuracy − confidence|: the counts of the bins cancel.
    return Array.from(
      counts,
      (count, g) => sums.subarray(g * bins, (g + 1) * bins).reduce((total, sum) => total + Math.abs(sum), 0) / count,
    );
  };
  return { errors, gap: (rows) => gap(errors(rows)) };
}
