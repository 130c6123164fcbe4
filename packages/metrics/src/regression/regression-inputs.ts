/** Reads targets and predictions of a regression, and checks them. */

import { flatNumbers, type Numbers, readWeights, requireNoNaN, requireSameSize, requireSome } from "../numbers.ts";

/** Numbers and guesses of them, of any shape. */
export interface RegressionInputs {
  readonly targets: Numbers;
  readonly predictions: Numbers;
  /** How much each example counts, at least 0. Default: all the same. */
  readonly weights?: Numbers;
}

export interface RegressionPairs {
  readonly targets: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

export function readRegression(where: string, inputs: RegressionInputs): RegressionPairs {
  requireSome(where, "targets", inputs.targets);
  requireSameSize(where, ["targets", inputs.targets], ["predictions", inputs.predictions]);
  requireNoNaN(where, "targets", inputs.targets);
  requireNoNaN(where, "predictions", inputs.predictions);
  const targets = flatNumbers(inputs.targets);
  return { targets, predictions: flatNumbers(inputs.predictions), weights: readWeights(where, inputs.weights, targets.length) };
}
