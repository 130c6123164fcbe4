/** ROC and precision-recall curves of one yes-or-no question, equal to scikit-learn's. Fawcett 2006; Davis & Goadrich 2006. */

import { DataError } from "@dl/core";
import { flatNumbers, type Numbers, readWeights, requireNoNaN, requireSameSize, requireSome } from "../numbers.ts";
import { countAbove, type ThresholdCounts } from "./threshold-counts.ts";

/** Labels of 0 and 1, and scores of any range: the larger, the more a yes. */
export interface BinaryScoreInputs {
  readonly labels: Numbers;
  readonly scores: Numbers;
  readonly weights?: Numbers;
}

export interface RocCurve {
  /** Falling; the first, ∞, is a yes for nothing. */
  readonly thresholds: Float64Array;
  readonly falsePositiveRates: Float64Array;
  readonly truePositiveRates: Float64Array;
}

export interface PrecisionRecallCurve {
  /** Rising; one fewer than the points: the last point, precision 1 and recall 0, has none. */
  readonly thresholds: Float64Array;
  readonly precisions: Float64Array;
  readonly recalls: Float64Array;
}

export interface RocCurveOptions {
  /** Leave out points on a straight line between their neighbours. Default `true`. */
  readonly dropCollinear?: boolean;
}

/**
 * The ROC curve, point by point.
 *
 * @example
 * const curve = rocCurve({ labels: [0, 0, 1, 1], scores: [0.1, 0.4, 0.35, 0.8] });
 * curve.truePositiveRates; // 0, 0.5, 0.5, 1, 1
 */
export function rocCurve(inputs: BinaryScoreInputs, options: RocCurveOptions = {}): RocCurve {
  return rocCurveOf("rocCurve", readBinaryScores("rocCurve", inputs), options);
}

/**
 * The precision-recall curve, point by point.
 *
 * @example
 * const curve = precisionRecallCurve({ labels: [0, 0, 1, 1], scores: [0.1, 0.4, 0.35, 0.8] });
 * curve.recalls; // 1, 1, 0.5, 0.5, 0
 */
export function precisionRecallCurve(inputs: BinaryScoreInputs): PrecisionRecallCurve {
  return precisionRecallCurveOf("precisionRecallCurve", readBinaryScores("precisionRecallCurve", inputs));
}

/** Checks labels and scores of a yes-or-no question. */
export function readBinaryScores(where: string, { labels, scores, weights }: BinaryScoreInputs): ThresholdCounts {
  requireSome(where, "labels", labels);
  requireSameSize(where, ["labels", labels], ["scores", scores]);
  requireNoNaN(where, "scores", scores);
  const flat = flatNumbers(labels);
  for (let i = 0; i < flat.length; i++) {
    if (flat[i] !== 0 && flat[i] !== 1) throw new DataError(`${where}: expected 0 or 1 in labels, got ${flat[i]} at ${i}.`);
  }
  return countAbove({ isYes: (i) => flat[i] === 1, scores: flatNumbers(scores), weights: readWeights(where, weights, flat.length) });
}

export function rocCurveOf(where: string, counts: ThresholdCounts, { dropCollinear = true }: RocCurveOptions = {}): RocCurve {
  const { thresholds, truePositives, falsePositives, positives, negatives } = counts;
  if (positives === 0 || negatives === 0) {
    throw new DataError(`${where}: expected yes and no examples, got ${positives} and ${negatives} of them (by weight).`);
  }
  const bends = (at: number): boolean =>
    at === 0 ||
    at === thresholds.length - 1 ||
    truePositives[at + 1]! - 2 * truePositives[at]! + truePositives[at - 1]! !== 0 ||
    falsePositives[at + 1]! - 2 * falsePositives[at]! + falsePositives[at - 1]! !== 0;
  const kept = Array.from(thresholds, (_, at) => at).filter((at) => !dropCollinear || bends(at));
  return {
    thresholds: Float64Array.of(Infinity, ...kept.map((at) => thresholds[at]!)),
    falsePositiveRates: Float64Array.of(0, ...kept.map((at) => falsePositives[at]! / negatives)),
    truePositiveRates: Float64Array.of(0, ...kept.map((at) => truePositives[at]! / positives)),
  };
}

export function precisionRecallCurveOf(where: string, counts: ThresholdCounts): PrecisionRecallCurve {
  const { thresholds, truePositives, falsePositives, positives } = counts;
  if (positives === 0) throw new DataError(`${where}: expected a yes example, got none.`);
  const last = thresholds.length - 1;
  const point = (at: number): number => last - at;
  const precision = (at: number): number => {
    const predicted = truePositives[at]! + falsePositives[at]!;
    return predicted === 0 ? 1 : truePositives[at]! / predicted;
  };
  return {
    thresholds: thresholds.toReversed(),
    precisions: Float64Array.from({ length: last + 2 }, (_, at) => (at > last ? 1 : precision(point(at)))),
    recalls: Float64Array.from({ length: last + 2 }, (_, at) => (at > last ? 0 : truePositives[point(at)]! / positives)),
  };
}
