/** The mean squared difference: least by predicting means. */

import { MeanError } from "./mean-error.ts";

/**
 * mean (y − ŷ)².
 *
 * @example
 * const error = new MeanSquaredError();
 * error.update({ targets: [1, 2], predictions: [1, 4] });
 * error.result(); // 2
 */
export class MeanSquaredError extends MeanError {
  constructor() {
    super("MeanSquaredError");
  }

  protected override loss(target: number, prediction: number): number {
    return (target - prediction) ** 2;
  }
}
