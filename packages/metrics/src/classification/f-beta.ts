/** The harmonic mean of precision and recall. van Rijsbergen 1979, "Information Retrieval", chapter 7. */

import { AveragedMetric, type AveragedOptions } from "./averaged-metric.ts";
import { fBetaRatio, type Outcomes, type Ratio } from "./outcome-counts.ts";

export type FBetaOptions = AveragedOptions & {
  /** How many times as much recall counts as precision. Default 1: F1. */
  readonly beta?: number;
};

/**
 * (1 + β²)·TP ÷ ((1 + β²)·TP + β²·FN + FP). Undefined for a class that neither occurred nor was predicted.
 *
 * @example
 * const f1 = new FBeta({ classes: 2, average: "macro" });
 * f1.update({ labels: [0, 1, 1, 1], predictions: [0, 0, 1, 1] });
 * f1.perClass(); // 0.6666666666666666, 0.8
 */
export class FBeta extends AveragedMetric {
  readonly #ratio: (outcomes: Outcomes) => Ratio;

  constructor(options: FBetaOptions) {
    super("FBeta", options);
    const { beta = 1 } = options;
    this.#ratio = fBetaRatio(beta);
  }

  protected override ratio(outcomes: Outcomes): Ratio {
    return this.#ratio(outcomes);
  }
}
