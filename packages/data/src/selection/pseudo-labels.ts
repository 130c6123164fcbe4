/** Labels from a model that is sure enough. Lee 2013, "Pseudo-label"; the threshold: Sohn et al. 2020, FixMatch, arXiv:2001.07685. */

import { type HostTensor, OptionError } from "@dl/core";
import { rowsOf } from "./uncertainty.ts";

export interface PseudoLabelOptions {
  /** The least probability of the class that is taken. Default 0.95. */
  threshold?: number | undefined;
  /** The most examples of each class, the surest first: else the easy classes drown the others. Default no limit. */
  perClass?: number | undefined;
}

export interface PseudoLabels {
  /** Examples that got a label, ascending. */
  readonly indices: Int32Array;
  /** Their labels, int32 `[indices.length]`. */
  readonly labels: HostTensor;
  /** How probable each is. */
  readonly confidences: Float32Array;
}

/**
 * @param probabilities `[N, classes]` of unlabelled examples.
 * @example
 * const { indices, labels } = pseudoLabels(hostTensor(Float32Array.of(0.98, 0.02, 0.6, 0.4), [2, 2]));
 * indices; // Int32Array [0]
 */
export function pseudoLabels(probabilities: HostTensor, { threshold = 0.95, perClass = Infinity }: PseudoLabelOptions = {}): PseudoLabels {
  if (!(threshold > 0 && threshold <= 1))
    throw new OptionError(`pseudoLabels: expected a threshold above 0 and at most 1, got ${threshold}.`);
  if (!(perClass >= 1)) throw new OptionError(`pseudoLabels: expected perClass of at least 1, got ${perClass}.`);
  const { count, classes, data } = rowsOf("pseudoLabels", probabilities);
  const sure: { index: number; label: number; confidence: number }[] = [];
  for (let index = 0; index < count; index++) {
    let label = 0;
    for (let c = 1; c < classes; c++) if (data[index * classes + c]! > data[index * classes + label]!) label = c;
    const confidence = data[index * classes + label]!;
    if (confidence >= threshold) sure.push({ index, label, confidence });
  }
  const taken = new Array<number>(classes).fill(0);
  const kept = sure
    .toSorted((a, b) => b.confidence - a.confidence || a.index - b.index)
    .filter(({ label }) => ++taken[label]! <= perClass)
    .sort((a, b) => a.index - b.index);
  return {
    indices: Int32Array.from(kept, ({ index }) => index),
    labels: { shape: [kept.length], dtype: "int32", data: Int32Array.from(kept, ({ label }) => label) },
    confidences: Float32Array.from(kept, ({ confidence }) => confidence),
  };
}
