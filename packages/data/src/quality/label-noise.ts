/** Labels that are probably wrong. Confident learning: Northcutt, Jiang, Chuang 2019, arXiv:1911.00068, section 3.1. */

import { DataError, type HostTensor } from "@dl/core";

export interface LabelNoiseCandidate {
  readonly index: number;
  readonly label: number;
  /** What it probably is. */
  readonly suggested: number;
  /** Probabilities of both. */
  readonly ownProbability: number;
  readonly suggestedProbability: number;
}

/**
 * Examples that a model which has not seen them takes for another class, as sure as it usually is of that class.
 *
 * @param labels        int32 `[N]`, as given.
 * @param probabilities `[N, classes]`, each row from a model that was not trained on the example: cross-validation.
 * @returns The least plausible first: by the margin between the two probabilities.
 */
export function labelNoiseCandidates(labels: Int32Array, probabilities: HostTensor): LabelNoiseCandidate[] {
  const [count, classes] = probabilities.shape;
  if (probabilities.shape.length !== 2 || count !== labels.length || classes === undefined) {
    throw new DataError(
      `labelNoiseCandidates: expected probabilities [${labels.length}, classes], got [${probabilities.shape.join(", ")}].`,
    );
  }
  const { data } = probabilities;
  // How sure the model is of a class, on average over those labelled with it.
  const sums = new Float64Array(classes);
  const counts = new Int32Array(classes);
  for (const [i, label] of labels.entries()) {
    if (label < 0 || label >= classes)
      throw new DataError(`labelNoiseCandidates: expected labels from 0 to ${classes - 1}, got ${label} at example ${i}.`);
    sums[label]! += data[i * classes + label]!;
    counts[label]!++;
  }
  const candidates: LabelNoiseCandidate[] = [];
  for (const [index, label] of labels.entries()) {
    let suggested = -1;
    for (let c = 0; c < classes; c++) {
      const probability = data[index * classes + c]!;
      if (counts[c] === 0 || probability < sums[c]! / counts[c]!) continue;
      if (suggested < 0 || probability > data[index * classes + suggested]!) suggested = c;
    }
    if (suggested < 0 || suggested === label) continue;
    const ownProbability = data[index * classes + label]!;
    const suggestedProbability = data[index * classes + suggested]!;
    candidates.push({ index, label, suggested, ownProbability, suggestedProbability });
  }
  const margin = (c: LabelNoiseCandidate): number => c.suggestedProbability - c.ownProbability;
  return candidates.sort((a, b) => margin(b) - margin(a) || a.index - b.index);
}
