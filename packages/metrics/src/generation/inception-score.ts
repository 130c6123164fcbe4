/** How sure and how varied a classifier finds generated images. Salimans et al. 2016, arXiv:1606.03498, section 4. */

import { formatShape, type HostTensor, OptionError, ShapeError } from "@dl/core";
import type { Metric } from "../metric.ts";
import { nothingAdded, requireProbabilities, requireSome } from "../numbers.ts";

export interface InceptionScoreInputs {
  /** The classifier's probabilities `[N, C]`. */
  readonly probabilities: HostTensor;
}

export interface InceptionScoreState {
  /** Σ p, a class a number. */
  readonly sums: readonly number[];
  /** Σ p ln p over everything. */
  readonly negentropy: number;
  readonly count: number;
}

export interface InceptionScoreOptions {
  /** How many classes C the classifier knows. */
  readonly classes: number;
}

/**
 * exp of the mean KL(p(y|x) ‖ p(y)), from 1 to the number of classes. Batch by batch over everything; memory: C numbers.
 *
 * @example
 * const score = new InceptionScore({ classes: 2 });
 * score.update({ probabilities: fromNested([[1, 0], [0, 1]]) });
 * score.result(); // 2
 */
export class InceptionScore implements Metric<InceptionScoreInputs, number, InceptionScoreState> {
  #sums: Float64Array;
  #negentropy = 0;
  #count = 0;

  constructor({ classes }: InceptionScoreOptions) {
    if (!Number.isInteger(classes) || classes < 2) throw new OptionError(`InceptionScore: expected at least 2 classes, got ${classes}.`);
    this.#sums = new Float64Array(classes);
  }

  update({ probabilities }: InceptionScoreInputs): void {
    const classes = this.#sums.length;
    const rows = readRows("InceptionScore.update", probabilities, classes);
    for (let i = 0; i < rows * classes; i++) {
      const p = probabilities.data[i]!;
      this.#sums[i % classes]! += p;
      if (p > 0) this.#negentropy += p * Math.log(p);
    }
    this.#count += rows;
  }

  result(): number {
    if (this.#count === 0) throw nothingAdded("InceptionScore.result");
    let marginal = 0;
    for (const sum of this.#sums) if (sum > 0) marginal += sum * Math.log(sum / this.#count);
    // KL is never below 0; rounding may be.
    return Math.exp(Math.max(0, (this.#negentropy - marginal) / this.#count));
  }

  reset(): void {
    this.#sums.fill(0);
    this.#negentropy = this.#count = 0;
  }

  merge(other: this): void {
    if (other.#sums.length !== this.#sums.length) {
      throw new OptionError(`InceptionScore.merge: expected equal classes, got ${this.#sums.length} and ${other.#sums.length}.`);
    }
    other.#sums.forEach((sum, c) => {
      this.#sums[c]! += sum;
    });
    this.#negentropy += other.#negentropy;
    this.#count += other.#count;
  }

  state(): InceptionScoreState {
    return { sums: [...this.#sums], negentropy: this.#negentropy, count: this.#count };
  }

  restore({ sums, negentropy, count }: InceptionScoreState): void {
    if (sums.length !== this.#sums.length) {
      throw new OptionError(`InceptionScore.restore: expected ${this.#sums.length} classes, got ${sums.length}.`);
    }
    this.#sums = Float64Array.from(sums);
    this.#negentropy = negentropy;
    this.#count = count;
  }
}

/**
 * Mean and population standard deviation of the score over consecutive, equally large parts, as papers report it (ten parts of 5,000).
 *
 * @param probabilities  `[N, C]`, in random order.
 */
export function inceptionScoreOfParts(
  probabilities: HostTensor,
  { parts = 10 }: { readonly parts?: number } = {},
): { readonly mean: number; readonly standardDeviation: number } {
  const rows = readRows("inceptionScoreOfParts", probabilities, undefined);
  const classes = probabilities.shape[1]!;
  if (!Number.isInteger(parts) || parts < 1 || rows % parts !== 0) {
    throw new OptionError(`inceptionScoreOfParts: expected parts that divide ${rows} rows, got ${parts}.`);
  }
  const size = rows / parts;
  const scores = Float64Array.from({ length: parts }, (_, part) => {
    const score = new InceptionScore({ classes });
    const data = probabilities.data.slice(part * size * classes, (part + 1) * size * classes);
    score.update({ probabilities: { ...probabilities, shape: [size, classes], data } });
    return score.result();
  });
  const mean = scores.reduce((a, b) => a + b) / parts;
  return { mean, standardDeviation: Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / parts) };
}

function readRows(where: string, probabilities: HostTensor, classes: number | undefined): number {
  const { shape } = probabilities;
  if (shape.length !== 2 || (classes !== undefined && shape[1] !== classes)) {
    throw new ShapeError(`${where}: expected probabilities [N, ${classes ?? "C"}], got ${formatShape(shape)}.`);
  }
  requireSome(where, "probabilities", probabilities);
  requireProbabilities(where, "probabilities", probabilities, { advice: "Give the softmax of logits." });
  return shape[0]!;
}
