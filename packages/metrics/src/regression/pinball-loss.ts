/** The loss that quantiles minimise. Koenker & Bassett 1978, "Regression quantiles". */

import { OptionError } from "@dl/core";
import { MeanError } from "./mean-error.ts";

export interface PinballLossOptions {
  /** Which quantile is predicted, from 0 to 1. Default 0.5: the median, for half the absolute error. */
  readonly quantile?: number;
}

/**
 * mean of α (y − ŷ) where the prediction is too low, and (1 − α)(ŷ − y) where it is too high.
 *
 * @example
 * const loss = new PinballLoss({ quantile: 0.9 });
 * loss.update({ targets: [1, 2], predictions: [2, 1] });
 * loss.result(); // 0.5
 */
export class PinballLoss extends MeanError {
  readonly #quantile: number;

  constructor({ quantile = 0.5 }: PinballLossOptions = {}) {
    super("PinballLoss", `quantile ${quantile}`);
    if (!(quantile >= 0 && quantile <= 1)) throw new OptionError(`PinballLoss: expected a quantile from 0 to 1, got ${quantile}.`);
    this.#quantile = quantile;
  }

  protected override loss(target: number, prediction: number): number {
    const difference = target - prediction;
    return difference >= 0 ? this.#quantile * difference : (this.#quantile - 1) * difference;
  }
}
