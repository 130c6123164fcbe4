/** True and false positives and negatives, a column a class. */

import { type HostTensor, OptionError } from "@dl/core";
import { readConfusion } from "./confusion-matrix.ts";

/** Counts of one class against the rest. */
export interface Outcomes {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** The outcomes of each class of a confusion matrix. */
export function outcomesOf(confusion: HostTensor): Outcomes[] {
  const { data, classes } = readConfusion("outcomesOf", confusion);
  const labelled = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  let total = 0;
  for (let i = 0; i < data.length; i++) {
    labelled[Math.floor(i / classes)]! += data[i]!;
    predicted[i % classes]! += data[i]!;
    total += data[i]!;
  }
  return Array.from({ length: classes }, (_, c) => {
    const truePositives = data[c * classes + c]!;
    const falsePositives = predicted[c]! - truePositives;
    const falseNegatives = labelled[c]! - truePositives;
    return { truePositives, falsePositives, falseNegatives, trueNegatives: total - truePositives - falsePositives - falseNegatives };
  });
}

/** A ratio that a class may leave undefined: 0 ÷ 0. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/** What 0 ÷ 0 counts as: 0, 1, or nothing: the class is left out of averages, and is NaN by itself. */
export type ZeroDivision = 0 | 1 | "omit";

/**
 * - `micro`: outcomes of all classes added up, then one ratio. Over all classes of a multiclass problem this is accuracy.
 * - `macro`: the mean of the classes' ratios, each class counting the same.
 * - `weighted`: that mean weighted by how often each class is true.
 */
export type Average = "micro" | "macro" | "weighted";

export interface AverageOptions {
  readonly average: Average;
  readonly zeroDivision: ZeroDivision;
}

/** A ratio as a number. */
export function divide({ numerator, denominator }: Ratio, zeroDivision: ZeroDivision): number {
  if (denominator !== 0) return numerator / denominator;
  return zeroDivision === "omit" ? Number.NaN : zeroDivision;
}

/** One number for all classes, by scikit-learn's rules. */
export function averageRatio(outcomes: readonly Outcomes[], ratio: (o: Outcomes) => Ratio, options: AverageOptions): number {
  const { average, zeroDivision } = options;
  if (average === "micro") return divide(ratio(outcomes.reduce(addOutcomes)), zeroDivision);
  const weight = (o: Outcomes): number => {
    if (average === "macro") return 1;
    if (average === "weighted") return o.truePositives + o.falseNegatives;
    return average satisfies never;
  };
  let sum = 0;
  let weights = 0;
  let plainSum = 0;
  let defined = 0;
  for (const o of outcomes) {
    const value = divide(ratio(o), zeroDivision);
    if (Number.isNaN(value)) continue;
    sum += value * weight(o);
    weights += weight(o);
    plainSum += value;
    defined++;
  }
  // No class is ever true, so no weight tells them apart: the plain mean, as scikit-learn has it.
  return weights > 0 ? sum / weights : defined > 0 ? plainSum / defined : Number.NaN;
}

export function addOutcomes(a: Outcomes, b: Outcomes): Outcomes {
  return {
    truePositives: a.truePositives + b.truePositives,
    falsePositives: a.falsePositives + b.falsePositives,
    falseNegatives: a.falseNegatives + b.falseNegatives,
    trueNegatives: a.trueNegatives + b.trueNegatives,
  };
}

export function precisionRatio({ truePositives, falsePositives }: Outcomes): Ratio {
  return { numerator: truePositives, denominator: truePositives + falsePositives };
}

export function recallRatio({ truePositives, falseNegatives }: Outcomes): Ratio {
  return { numerator: truePositives, denominator: truePositives + falseNegatives };
}

/** (1 + β²)·TP ÷ ((1 + β²)·TP + β²·FN + FP): the weighted harmonic mean of precision and recall. van Rijsbergen 1979, chapter 7. */
export function fBetaRatio(beta: number): (o: Outcomes) => Ratio {
  if (!(beta >= 0 && beta < Infinity)) throw new OptionError(`FBeta: expected a beta of at least 0, got ${beta}.`);
  const square = beta * beta;
  return ({ truePositives, falsePositives, falseNegatives }) => ({
    numerator: (1 + square) * truePositives,
    denominator: (1 + square) * truePositives + square * falseNegatives + falsePositives,
  });
}
