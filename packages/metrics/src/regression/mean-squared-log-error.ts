/** Squared error of orders of magnitude. */

import { DataError } from "@dl/core";
import { MeanError } from "./mean-error.ts";

/**
 * mean (ln(1 + y) − ln(1 + ŷ))², of numbers above −1.
 *
 * @example
 * const error = new MeanSquaredLogError();
 * error.update({ targets: [0, 1], predictions: [0, 1] });
 * error.result(); // 0
 */
export class MeanSquaredLogError extends MeanError {
  constructor() {
    super("MeanSquaredLogError");
  }

  protected override loss(target: number, prediction: number): number {
    if (!(target > -1 && prediction > -1)) {
      throw new DataError(`MeanSquaredLogError.update: expected numbers above -1, got target ${target} and prediction ${prediction}.`);
    }
    return (Math.log1p(target) - Math.log1p(prediction)) ** 2;
  }
}
