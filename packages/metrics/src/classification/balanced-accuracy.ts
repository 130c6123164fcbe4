/** Accuracy as it would be if all classes were equally frequent. Brodersen et al. 2010, "The balanced accuracy and its posterior distribution". */

import type { HostTensor } from "@dl/core";
import { ConfusionScore } from "./confusion-score.ts";
import { averageRatio, outcomesOf, recallRatio } from "./outcome-counts.ts";

/**
 * The mean recall of the classes that occurred.
 *
 * @example
 * const balanced = new BalancedAccuracy({ classes: 2 });
 * balanced.update({ labels: [0, 0, 0, 1], predictions: [0, 0, 0, 0] });
 * balanced.result(); // 0.5, where accuracy is 0.75
 */
export class BalancedAccuracy extends ConfusionScore {
  protected override score(confusion: HostTensor): number {
    return averageRatio(outcomesOf(confusion), recallRatio, { average: "macro", zeroDivision: "omit" });
  }
}
