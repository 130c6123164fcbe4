/** Of what is a class, the share that was found: sensitivity, the true positive rate. */

import { AveragedMetric, type AveragedOptions } from "./averaged-metric.ts";
import { type Outcomes, type Ratio, recallRatio } from "./outcome-counts.ts";

/**
 * TP ÷ (TP + FN). Undefined for a class that never occurred.
 *
 * @example
 * const metric = new Recall({ classes: 2, average: "macro" });
 * metric.update({ labels: [0, 1, 1, 1], predictions: [0, 0, 1, 1] });
 * metric.perClass(); // 1, 0.6666666666666666
 */
export class Recall extends AveragedMetric {
  constructor(options: AveragedOptions) {
    super("Recall", options);
  }

  protected override ratio(outcomes: Outcomes): Ratio {
    return recallRatio(outcomes);
  }
}
