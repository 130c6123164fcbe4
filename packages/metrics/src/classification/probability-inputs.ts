/** Reads labels with probabilities, or with logits, and checks them: for metrics of how sure a model is. */

import { DataError } from "@dl/core";
import { flatNumbers, isHostTensor, type Numbers, requireNoNaN, requireProbabilities, requireSome, rowLength } from "../numbers.ts";
import { requireClasses, weighLabels } from "./class-inputs.ts";

/**
 * Labels `[…]` with probabilities or logits: `[…, C]`, a row of classes an example; or `[…]`, the yes of a binary task,
 * where labels are 0 and 1. `weights` say how much each label counts, at least 0; by default all the same.
 */
export type ProbabilityInputs =
  | { readonly labels: Numbers; readonly probabilities: Numbers; readonly logits?: never; readonly weights?: Numbers }
  | { readonly labels: Numbers; readonly logits: Numbers; readonly probabilities?: never; readonly weights?: Numbers };

export interface ProbabilityRows {
  readonly labels: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  /** The sum of the weights. */
  readonly weight: number;
  /** Row-major `[labels.length, columns]`. */
  readonly values: ArrayLike<number>;
  /** 1: the binary yes; otherwise the number of classes. */
  readonly columns: number;
  readonly isLogits: boolean;
}

/** What labels may be beside classes. */
export interface ProbabilityMetricOptions {
  /** A label that is left out, such as −100 for padding; its row must hold probabilities too. Default: none. */
  readonly ignoreLabel?: number;
}

/** Checks a batch. An ignored label has the weight 0. */
export function readProbabilityRows(
  where: string,
  inputs: ProbabilityInputs,
  { ignoreLabel }: ProbabilityMetricOptions = {},
): ProbabilityRows {
  const isLogits = inputs.probabilities === undefined;
  const [name, numbers] = isLogits ? (["logits", inputs.logits] as const) : (["probabilities", inputs.probabilities] as const);
  requireSome(where, "labels", inputs.labels);
  const { labels, weights } = weighLabels(where, inputs, ignoreLabel);
  const values = flatNumbers(numbers);
  const isBinary =
    isHostTensor(numbers) && isHostTensor(inputs.labels)
      ? numbers.shape.length === inputs.labels.shape.length
      : values.length === labels.length;
  const columns = isBinary && values.length === labels.length ? 1 : rowLength(where, ["labels", inputs.labels], [name, numbers]);
  requireClasses(where, "labels", labels, columns === 1 ? 2 : columns);
  if (isLogits) requireNoNaN(where, name, numbers);
  else {
    requireProbabilities(where, name, numbers);
    if (columns > 1) requireRowsOfOne(where, values, columns);
  }
  let weight = 0;
  for (let i = 0; i < weights.length; i++) weight += weights[i]!;
  return { labels, weights, weight, values, columns, isLogits };
}

function requireRowsOfOne(where: string, values: ArrayLike<number>, columns: number): void {
  for (let row = 0; row < values.length; row += columns) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += values[row + c]!;
    if (Math.abs(sum - 1) > 1e-3) {
      throw new DataError(
        `${where}: expected probabilities that add up to 1, got ${sum} in row ${row / columns}. Pass logits as \`logits\`.`,
      );
    }
  }
}

/** A row's probabilities in float64: of one column the yes alone. */
export function probabilitiesOf({ values, columns, isLogits }: ProbabilityRows, row: number): Float64Array {
  const at = row * columns;
  const probabilities = Float64Array.from({ length: columns }, (_, c) => values[at + c]!);
  if (!isLogits) return probabilities;
  if (columns === 1) return probabilities.map((logit) => 1 / (1 + Math.exp(-logit)));
  const offset = logSumExp(values, at, columns);
  return probabilities.map((logit) => Math.exp(logit - offset));
}

/** ln Σ exp, without overflow. */
export function logSumExp(values: ArrayLike<number>, start: number, length: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) max = Math.max(max, values[start + i]!);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.exp(values[start + i]! - max);
  return max + Math.log(sum);
}
