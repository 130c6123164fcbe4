/** Of what is not a class, the share that was not taken for it: the true negative rate. */

import { AveragedMetric, type AveragedOptions } from "./averaged-metric.ts";
import type { Outcomes, Ratio } from "./outcome-counts.ts";

/**
 * TN ÷ (TN + FP). Undefined for a class that everything is.
 *
 * @example
 * const metric = new Specificity({ classes: 2, average: "macro" });
 * metric.update({ labels: [0, 1, 1, 1], predictions: [0, 0, 1, 1] });
 * metric.perClass(); // 0.6666666666666666, 1
 */
export class Specificity extends AveragedMetric {
  constructor(options: AveragedOptions) {
    super("Specificity", options);
  }

  protected override ratio({ trueNegatives, falsePositives }: Outcomes): Ratio {
    return { numerator: trueNegatives, denominator: trueNegatives + falsePositives };
  }
}
