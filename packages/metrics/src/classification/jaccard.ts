/** Intersection over union of what is a class and what was predicted to be it. Jaccard 1901. */

import { AveragedMetric, type AveragedOptions } from "./averaged-metric.ts";
import type { Outcomes, Ratio } from "./outcome-counts.ts";

/**
 * TP ÷ (TP + FP + FN). Undefined for a class that neither occurred nor was predicted.
 *
 * @example
 * const metric = new Jaccard({ classes: 2, average: "macro" });
 * metric.update({ labels: [0, 1, 1, 1], predictions: [0, 0, 1, 1] });
 * metric.perClass(); // 0.5, 0.6666666666666666
 */
export class Jaccard extends AveragedMetric {
  constructor(options: AveragedOptions) {
    super("Jaccard", options);
  }

  protected override ratio({ truePositives, falsePositives, falseNegatives }: Outcomes): Ratio {
    return { numerator: truePositives, denominator: truePositives + falsePositives + falseNegatives };
  }
}
