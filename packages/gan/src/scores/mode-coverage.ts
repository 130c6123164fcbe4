/** Which classes a generator makes, by a classifier: the plainest look at mode collapse. */

import { DataError, type HostTensor, ShapeError } from "@dl/core";

export interface ModeCoverage {
  /** Share of the samples that fall to each class. */
  readonly shares: readonly number[];
  /** Classes with at least `least` of the samples. */
  readonly covered: number;
  /** Classes below it. */
  readonly missing: readonly number[];
  /** The classifier's mean probability of the class it chose. */
  readonly confidence: number;
  /** Of the shares, in nats: ln C when all are equal. */
  readonly entropy: number;
}

/**
 * @param probabilities  `[N, C]`
 * @param options.least  Share from which a class counts as covered. Default a tenth of an equal share.
 * @example
 * modeCoverage(fromNested([[0.9, 0.1, 0], [0.2, 0.8, 0]])).missing; // [2]
 */
export function modeCoverage(probabilities: HostTensor, { least }: { least?: number } = {}): ModeCoverage {
  const [count, classes] = probabilities.shape;
  if (probabilities.shape.length !== 2 || classes! < 1) {
    throw new ShapeError(`modeCoverage: expected probabilities [N, C], got [${probabilities.shape.join(", ")}].`);
  }
  if (count! < 1) throw new DataError("modeCoverage: expected at least one sample, got none.");
  const counts = new Float64Array(classes!);
  let confidence = 0;
  for (let row = 0; row < count!; row++) {
    let best = 0;
    const at = row * classes!;
    for (let c = 1; c < classes!; c++) if (probabilities.data[at + c]! > probabilities.data[at + best]!) best = c;
    counts[best]!++;
    confidence += probabilities.data[at + best]!;
  }
  const shares = Array.from(counts, (n) => n / count!);
  const threshold = least ?? 0.1 / classes!;
  const missing = shares.flatMap((share, c) => (share < threshold ? [c] : []));
  const entropy = shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return { shares, covered: classes! - missing.length, missing, confidence: confidence / count!, entropy };
}
