/** Ratios of single examples over their labels: for each example, how right its set of labels is. Tsoumakas & Katakis 2007. */

import type { ClassInputs } from "./class-inputs.ts";
import { type MultilabelTask, readYesNo } from "./outcome-counter.ts";
import { divide, type Outcomes, type Ratio, type ZeroDivision } from "./outcome-counts.ts";

export interface SampleRatiosOptions {
  readonly task: MultilabelTask;
  /** The labels that count. */
  readonly only: readonly number[];
  readonly ratio: (outcomes: Outcomes) => Ratio;
  readonly zeroDivision: ZeroDivision;
}

/** Σ weight · ratio over the examples of a batch, and Σ weight of those that have a ratio. An example of ignored labels alone counts nothing. */
export function sampleRatios(
  where: string,
  inputs: ClassInputs,
  { task, only, ratio, zeroDivision }: SampleRatiosOptions,
): { readonly sum: number; readonly weight: number } {
  const { labels, predictions, weights } = readYesNo(where, inputs, task);
  let [sum, total] = [0, 0];
  for (let start = 0; start < labels.length; start += task.labelCount) {
    let [truePositives, falsePositives, falseNegatives, trueNegatives, weight] = [0, 0, 0, 0, 0];
    for (const label of only) {
      const i = start + label;
      // Within an example labels count alike; its own weight is that of any label that is not ignored.
      if (weights[i] === 0) continue;
      weight = weights[i]!;
      if (labels[i] === 1 && predictions[i] === 1) truePositives++;
      else if (predictions[i] === 1) falsePositives++;
      else if (labels[i] === 1) falseNegatives++;
      else trueNegatives++;
    }
    const value = divide(ratio({ truePositives, falsePositives, falseNegatives, trueNegatives }), zeroDivision);
    if (weight === 0 || Number.isNaN(value)) continue;
    sum += weight * value;
    total += weight;
  }
  return { sum, weight: total };
}
