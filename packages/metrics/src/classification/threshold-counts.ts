/** How many yes and no answers score at least each threshold: what ROC and precision-recall curves are drawn from. */

/** Weighted counts, by falling threshold; nothing scores above the first. */
export interface ThresholdCounts {
  /** Falling. */
  readonly thresholds: Float64Array;
  /** Weight of the yes examples that score at least the threshold. */
  readonly truePositives: Float64Array;
  /** Weight of the no examples that score at least the threshold. */
  readonly falsePositives: Float64Array;
  /** Weight of all yes examples. */
  readonly positives: number;
  /** Weight of all no examples. */
  readonly negatives: number;
}

/** One threshold for each different score of an example that counts: a weight of 0 is no example, as in scikit-learn. O(n log n). */
export function countAbove(examples: {
  readonly isYes: (i: number) => boolean;
  readonly scores: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}): ThresholdCounts {
  const { isYes, scores, weights } = examples;
  const order = Uint32Array.from(scores, (_, i) => i)
    .filter((i) => weights[i]! > 0)
    .sort((a, b) => scores[b]! - scores[a]! || a - b);
  const thresholds: number[] = [];
  const truePositives: number[] = [];
  const falsePositives: number[] = [];
  let [yes, no] = [0, 0];
  for (let at = 0; at < order.length; at++) {
    const i = order[at]!;
    if (isYes(i)) yes += weights[i]!;
    else no += weights[i]!;
    // Equal scores are told apart by no threshold.
    if (at + 1 < order.length && scores[order[at + 1]!] === scores[i]) continue;
    thresholds.push(scores[i]!);
    truePositives.push(yes);
    falsePositives.push(no);
  }
  return {
    thresholds: Float64Array.from(thresholds),
    truePositives: Float64Array.from(truePositives),
    falsePositives: Float64Array.from(falsePositives),
    positives: yes,
    negatives: no,
  };
}

/** Thresholds 0, 1/(n − 1), …, 1 from histograms of n bins. */
export function countBinned(yes: ArrayLike<number>, no: ArrayLike<number>): ThresholdCounts {
  const bins = yes.length;
  const thresholds = Float64Array.from({ length: bins }, (_, at) => (bins - 1 - at) / (bins - 1));
  const cumulate = (histogram: ArrayLike<number>): Float64Array => {
    let sum = 0;
    return Float64Array.from({ length: bins }, (_, at) => (sum += histogram[bins - 1 - at]!));
  };
  const truePositives = cumulate(yes);
  const falsePositives = cumulate(no);
  return { thresholds, truePositives, falsePositives, positives: truePositives.at(-1)!, negatives: falsePositives.at(-1)! };
}

/** Area under the ROC curve by trapezoids: a tie counts half. NaN without a yes or without a no. */
export function areaUnderRoc({ truePositives, falsePositives, positives, negatives }: ThresholdCounts): number {
  let area = 0;
  let [yes, no] = [0, 0];
  for (let at = 0; at < truePositives.length; at++) {
    area += ((falsePositives[at]! - no) * (truePositives[at]! + yes)) / 2;
    [yes, no] = [truePositives[at]!, falsePositives[at]!];
  }
  return area / (positives * negatives);
}

/** Σ (Rᵢ − Rᵢ₋₁) Pᵢ, without interpolation. NaN without a yes. */
export function averagePrecisionOf({ truePositives, falsePositives, positives }: ThresholdCounts): number {
  let sum = 0;
  let before = 0;
  for (let at = 0; at < truePositives.length; at++) {
    const yes = truePositives[at]!;
    if (yes > before) sum += ((yes - before) * yes) / (yes + falsePositives[at]!);
    before = yes;
  }
  return positives === 0 ? Number.NaN : sum / positives;
}
