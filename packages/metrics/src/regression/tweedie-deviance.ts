/** Deviance of the Tweedie family: counts, amounts, waiting times. Jørgensen 1987, "Exponential dispersion models". */

import { DataError, OptionError } from "@dl/core";
import { MeanError } from "./mean-error.ts";

export interface TweedieDevianceOptions {
  /** 0, or from 1 up. */
  readonly power: number;
}

/**
 * The mean unit deviance: power 0 is the squared error, 1 Poisson (y ≥ 0), from 1 to 2 the sums of a Poisson number of gammas (y ≥ 0), 2 gamma (y > 0); predictions are above 0 but for power 0.
 *
 * @example
 * const deviance = new TweedieDeviance({ power: 0 });
 * deviance.update({ targets: [1, 2], predictions: [1, 4] });
 * deviance.result(); // 2
 */
export class TweedieDeviance extends MeanError {
  readonly #power: number;

  constructor({ power }: TweedieDevianceOptions) {
    super("TweedieDeviance", `power ${power}`);
    if (!(power === 0 || (power >= 1 && power < Infinity))) {
      throw new OptionError(`TweedieDeviance: expected a power of 0 or of at least 1, got ${power}.`);
    }
    this.#power = power;
  }

  protected override loss(target: number, prediction: number): number {
    const p = this.#power;
    if (p > 0 && !(prediction > 0 && (p < 2 ? target >= 0 : target > 0))) {
      throw new DataError(
        `TweedieDeviance.update: expected predictions above 0 and targets ${p < 2 ? "of at least" : "above"} 0 for power ${p}, got target ${target} and prediction ${prediction}.`,
      );
    }
    if (p === 0) return (target - prediction) ** 2;
    if (p === 1) return 2 * ((target === 0 ? 0 : target * Math.log(target / prediction)) - target + prediction);
    if (p === 2) return 2 * (Math.log(prediction / target) + target / prediction - 1);
    return 2 * (target ** (2 - p) / ((1 - p) * (2 - p)) - (target * prediction ** (1 - p)) / (1 - p) + prediction ** (2 - p) / (2 - p));
  }
}
