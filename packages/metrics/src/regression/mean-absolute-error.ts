/** The mean distance: least by predicting medians. */

import { MeanError } from "./mean-error.ts";

/**
 * mean |y − ŷ|.
 *
 * @example
 * const error = new MeanAbsoluteError();
 * error.update({ targets: [1, 2], predictions: [1, 4] });
 * error.result(); // 1
 */
export class MeanAbsoluteError extends MeanError {
  constructor() {
    super("MeanAbsoluteError");
  }

  protected override loss(target: number, prediction: number): number {
    return Math.abs(target - prediction);
  }
}
