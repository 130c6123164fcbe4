/** Precision, averaged over recall: the area under the precision-recall curve without interpolation. Salton & McGill 1983. */

import { type PrecisionRecallCurve, precisionRecallCurveOf } from "./curves.ts";
import { averagePrecisionOf, type ThresholdCounts } from "./threshold-counts.ts";
import { ThresholdMetric, type ThresholdMetricOptions } from "./threshold-metric.ts";

/**
 * Σ (Rᵢ − Rᵢ₋₁) Pᵢ over falling thresholds. Chance is the share of yes examples. In the average `samples`, an example without
 * a yes counts 0, as in scikit-learn.
 *
 * @example
 * const precision = new AveragePrecision({ task: "binary" });
 * precision.update({ labels: [0, 0, 1, 1], scores: [0.1, 0.4, 0.35, 0.8] });
 * precision.result(); // 0.8333333333333333
 */
export class AveragePrecision extends ThresholdMetric {
  constructor(options: ThresholdMetricOptions) {
    // Nothing to find, nothing found: scikit-learn counts 0, too.
    super("AveragePrecision", options, { withoutYes: 0 });
  }

  protected override area(counts: ThresholdCounts): number {
    return averagePrecisionOf(counts);
  }

  /** The curve of one class, label or the binary question. */
  curve(question = 0): PrecisionRecallCurve {
    return precisionRecallCurveOf("AveragePrecision.curve", this.store.counts(question));
  }
}
