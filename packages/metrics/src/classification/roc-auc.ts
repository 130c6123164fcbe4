/** How often a yes scores above a no: the area under the ROC curve. Hanley & McNeil 1982; one class against one, Hand & Till 2001. */

import { DataError, OptionError } from "@dl/core";
import { type RocCurve, type RocCurveOptions, rocCurveOf } from "./curves.ts";
import { areaUnderRoc, type ThresholdCounts } from "./threshold-counts.ts";
import { ThresholdMetric, type ThresholdMetricOptions } from "./threshold-metric.ts";

/**
 * P(score of a yes > score of a no) + half of P(equal). Multiclass: each class against the rest.
 *
 * @example
 * const auc = new RocAuc({ task: "binary" });
 * auc.update({ labels: [0, 0, 1, 1], scores: [0.1, 0.4, 0.35, 0.8] });
 * auc.result(); // 0.75
 */
export class RocAuc extends ThresholdMetric {
  constructor(options: ThresholdMetricOptions) {
    super("RocAuc", options);
  }

  protected override area(counts: ThresholdCounts): number {
    return areaUnderRoc(counts);
  }

  /** The curve of one class, label or the binary question. */
  curve(question = 0, options: RocCurveOptions = {}): RocCurve {
    return rocCurveOf("RocAuc.curve", this.store.counts(question), options);
  }

  /**
   * Multiclass, exact: each class against each other, both ways, over the examples of the two; insensitive to how often classes occur.
   *
   * @param options.average  `macro`, or `weighted` by how often the two occur. Default `macro`.
   */
  oneAgainstOne({ average = "macro" }: { readonly average?: "macro" | "weighted" } = {}): number {
    const { questions, isBinned } = this.store;
    if (isBinned || questions < 2) {
      throw new OptionError("RocAuc.oneAgainstOne: expected a multiclass task with exact thresholds, got another. Leave thresholds out.");
    }
    let [sum, weights] = [0, 0];
    for (let a = 1; a < questions; a++) {
      for (let b = 0; b < a; b++) {
        const counts = this.store.pairCounts(a, b);
        const area = (areaUnderRoc(counts) + areaUnderRoc(this.store.pairCounts(b, a))) / 2;
        if (Number.isNaN(area)) {
          throw new DataError(
            `RocAuc.oneAgainstOne: expected examples of every class, got none of class ${counts.positives === 0 ? a : b}.`,
          );
        }
        const weight = average === "macro" ? 1 : counts.positives + counts.negatives;
        sum += weight * area;
        weights += weight;
      }
    }
    return sum / weights;
  }
}
