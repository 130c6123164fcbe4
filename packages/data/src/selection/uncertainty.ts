/** Which unlabelled examples are worth a label, by how unsure a model is of them. Settles 2009, "Active learning literature survey", section 3.1. */

import { DataError, type HostTensor, OptionError } from "@dl/core";

/** How unsure a row of probabilities is. */
export type UncertaintyMeasure = "least-confident" | "margin" | "entropy";

export interface UncertaintyOptions {
  /**
   * `least-confident`: 1 − the largest; `margin`: 1 − (the largest − the second); `entropy`: −Σ p ln p. Default `"entropy"`.
   */
  measure?: UncertaintyMeasure | undefined;
}

/**
 * @param probabilities `[N, classes]`
 * @returns One number an example; more is less sure.
 * @example
 * const sure = hostTensor(Float32Array.of(0.75, 0.25, 0.5, 0.5), [2, 2]);
 * uncertainty(sure, { measure: "margin" }); // Float64Array [0.5, 1]
 */
export function uncertainty(probabilities: HostTensor, { measure = "entropy" }: UncertaintyOptions = {}): Float64Array {
  const { count, classes, data } = rowsOf("uncertainty", probabilities);
  return Float64Array.from({ length: count }, (_, i) => {
    let [first, second, entropy] = [0, 0, 0];
    for (let c = 0; c < classes; c++) {
      const p = data[i * classes + c]!;
      if (p > first) [first, second] = [p, first];
      else if (p > second) second = p;
      if (p > 0) entropy -= p * Math.log(p);
    }
    if (measure === "least-confident") return 1 - first;
    if (measure === "margin") return 1 - (first - second);
    if (measure === "entropy") return entropy;
    throw new OptionError(`uncertainty: expected a measure least-confident, margin or entropy, got ${String(measure satisfies never)}.`);
  });
}

/** The `count` examples with the largest scores, largest first; ties to the lower number. */
export function largest(scores: ArrayLike<number>, count: number): Int32Array {
  if (!Number.isInteger(count) || count < 0 || count > scores.length) {
    throw new OptionError(`largest: expected a whole count from 0 to ${scores.length}, got ${count}.`);
  }
  return Int32Array.from({ length: scores.length }, (_, i) => i)
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, count);
}

/** Rows of probabilities, checked. */
export function rowsOf(where: string, { shape, data }: HostTensor): { count: number; classes: number; data: HostTensor["data"] } {
  const [count, classes] = shape;
  if (shape.length !== 2 || count === undefined || classes === undefined || classes < 1) {
    throw new DataError(`${where}: expected probabilities [N, classes], got [${shape.join(", ")}].`);
  }
  for (let i = 0; i < data.length; i++) {
    if (!(data[i]! >= 0 && data[i]! <= 1 + 1e-6)) {
      throw new DataError(
        `${where}: expected probabilities from 0 to 1, got ${data[i]} in row ${Math.floor(i / classes)}. Apply softmax first.`,
      );
    }
  }
  return { count, classes, data };
}
