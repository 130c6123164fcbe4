/** Reads a batch of class labels with predictions, or with scores whose largest is the prediction, and checks it. */

import { DataError, OptionError, ShapeError } from "@dl/core";
import { flatNumbers, type Numbers, readWeights, requireNoNaN, requireSameSize, requireSome, rowLength } from "../numbers.ts";

/** Labels with predicted classes. */
export interface PredictionInputs {
  /** True classes, whole numbers from 0, of any shape `[…]`. */
  readonly labels: Numbers;
  /** Predicted classes, one for each label. */
  readonly predictions: Numbers;
  readonly scores?: never;
  /** How much each label counts, at least 0. Default: all the same. */
  readonly weights?: Numbers;
}

/** Labels with logits or probabilities. */
export interface ScoreInputs {
  /** True classes, whole numbers from 0, of any shape `[…]`. */
  readonly labels: Numbers;
  /** Logits or probabilities `[…, C]`; the largest of a row is the prediction, the first of equals. */
  readonly scores: Numbers;
  readonly predictions?: never;
  /** How much each label counts, at least 0. Default: all the same. */
  readonly weights?: Numbers;
}

export type ClassInputs = PredictionInputs | ScoreInputs;

/** Labels and predictions of equal length, each from 0 to `classes − 1`. */
export interface ClassPairs extends WeightedLabels {
  readonly predictions: ArrayLike<number>;
}

/** What labels may be: `classes` of them (undefined: as many as a row of scores has, or any number), and one that is left out. */
export interface LabelOptions {
  readonly classes: number | undefined;
  readonly ignoreLabel: number | undefined;
}

/** Checks a batch. An ignored label has the weight 0. */
export function readClassPairs(where: string, inputs: ClassInputs, options: LabelOptions): ClassPairs {
  const { classes } = options;
  requireSome(where, "labels", inputs.labels);
  if (inputs.scores === undefined) {
    const { labels, weights } = weighLabels(where, inputs, options.ignoreLabel);
    requireSameSize(where, ["labels", inputs.labels], ["predictions", inputs.predictions]);
    const predictions = flatNumbers(inputs.predictions);
    requireClasses(where, "labels", labels, classes);
    requireClasses(where, "predictions", predictions, classes);
    return { labels, predictions, weights };
  }
  const rows = readScoreRows(where, inputs, options);
  const { labels, weights } = rows;
  const predictions = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) predictions[i] = argmax(rows.scores, i * rows.classes, rows.classes);
  return { labels, predictions, weights };
}

/** Labels, and how much each counts. */
export interface WeightedLabels {
  readonly labels: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

/** Gives an ignored label the weight 0, and 0 for a label, which is a class wherever there are classes. */
export function weighLabels(
  where: string,
  { labels, weights }: { readonly labels: Numbers; readonly weights?: Numbers | undefined },
  ignoreLabel: number | undefined,
): WeightedLabels {
  const flat = flatNumbers(labels);
  const given = readWeights(where, weights, flat.length);
  if (ignoreLabel === undefined) return { labels: flat, weights: given };
  const isIgnored = (i: number): boolean => flat[i] === ignoreLabel;
  return {
    labels: Float64Array.from(flat, (label, i) => (isIgnored(i) ? 0 : label)),
    weights: Float64Array.from(given, (weight, i) => (isIgnored(i) ? 0 : weight)),
  };
}

/** Labels and the rows of scores that belong to them. */
export interface ScoreRows extends WeightedLabels {
  /** Row-major `[labels.length, classes]`. */
  readonly scores: ArrayLike<number>;
  readonly classes: number;
}

/** Checks labels and their rows of scores. */
export function readScoreRows(where: string, inputs: ScoreInputs, options: LabelOptions): ScoreRows {
  const { classes: expectedClasses, ignoreLabel } = options;
  requireSome(where, "labels", inputs.labels);
  const classes = rowLength(where, ["labels", inputs.labels], ["scores", inputs.scores]);
  if (expectedClasses !== undefined && classes !== expectedClasses) {
    throw new ShapeError(`${where}: expected rows of ${expectedClasses} scores, one a class, got rows of ${classes}.`);
  }
  const { labels, weights } = weighLabels(where, inputs, ignoreLabel);
  requireClasses(where, "labels", labels, classes);
  requireNoNaN(where, "scores", inputs.scores);
  return { labels, weights, scores: flatNumbers(inputs.scores), classes };
}

/** Throws unless every number is a class. */
export function requireClasses(where: string, name: string, numbers: ArrayLike<number>, classes: number | undefined): void {
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (!Number.isInteger(value) || value < 0 || (classes !== undefined && value >= classes)) {
      const range = classes === undefined ? "whole numbers from 0" : `whole numbers from 0 to ${classes - 1} (${classes} classes)`;
      throw new DataError(`${where}: expected ${range} in ${name}, got ${value} at ${i}.`);
    }
  }
}

/** Throws unless `classes` is a whole number of at least 2. */
export function requireClassCount(where: string, classes: number): void {
  if (!Number.isInteger(classes) || classes < 2) throw new OptionError(`${where}: expected at least 2 classes, got ${classes}.`);
}

/** The offset of the largest of `length` numbers from `start`; the first of equals. */
export function argmax(numbers: ArrayLike<number>, start: number, length: number): number {
  let best = 0;
  for (let j = 1; j < length; j++) if (numbers[start + j]! > numbers[start + best]!) best = j;
  return best;
}
