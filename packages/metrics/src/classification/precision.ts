/** Of what was predicted to be a class, the share that was. */

import { AveragedMetric, type AveragedOptions } from "./averaged-metric.ts";
import { type Outcomes, precisionRatio, type Ratio } from "./outcome-counts.ts";

/**
 * TP ÷ (TP + FP). Undefined for a class that was never predicted.
 *
 * @example
 * const metric = new Precision({ classes: 2, average: "macro" });
 * metric.update({ labels: [0, 1, 1, 1], predictions: [0, 0, 1, 1] });
 * metric.perClass(); // 0.5, 1
 */
export class Precision extends AveragedMetric {
  constructor(options: AveragedOptions) {
    super("Precision", options);
  }

  protected override ratio(outcomes: Outcomes): Ratio {
    return precisionRatio(outcomes);
  }
}
