/** The root of the mean squared difference: in the units of the target. */

import { MeanError } from "./mean-error.ts";

/**
 * √ mean (y − ŷ)².
 *
 * @example
 * const error = new RootMeanSquaredError();
 * error.update({ targets: [0, 0], predictions: [2, 2] });
 * error.result(); // 2
 */
export class RootMeanSquaredError extends MeanError {
  constructor() {
    super("RootMeanSquaredError");
  }

  protected override loss(target: number, prediction: number): number {
    return (target - prediction) ** 2;
  }

  protected override answer(sums: Float64Array): number {
    return Math.sqrt(sums[0]! / sums[1]!);
  }
}
