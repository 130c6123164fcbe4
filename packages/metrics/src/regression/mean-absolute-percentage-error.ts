/** The mean distance in parts of the target. */

import { MeanError } from "./mean-error.ts";

/**
 * mean |y − ŷ| ÷ |y|, as a share, not per cent. A target of 0 is divided by 2⁻⁵², as in scikit-learn: such data want another metric.
 *
 * @example
 * const error = new MeanAbsolutePercentageError();
 * error.update({ targets: [2, 4], predictions: [1, 4] });
 * error.result(); // 0.25
 */
export class MeanAbsolutePercentageError extends MeanError {
  constructor() {
    super("MeanAbsolutePercentageError");
  }

  protected override loss(target: number, prediction: number): number {
    return Math.abs(target - prediction) / Math.max(Math.abs(target), Number.EPSILON);
  }
}
