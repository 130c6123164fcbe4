/** The mean surprise at the truth, in nats: cross-entropy. Good 1952, "Rational decisions". */

import { Mean, type MeanState } from "../mean.ts";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import {
  logSumExp,
  type ProbabilityInputs,
  type ProbabilityMetricOptions,
  type ProbabilityRows,
  readProbabilityRows,
} from "./probability-inputs.ts";

/** The least probability that is not taken for impossible: the ulp of 1 in float64, as scikit-learn has it. */
const least = Number.EPSILON;

/**
 * −mean ln p(label). Probabilities are clipped to 2⁻⁵² … 1 − 2⁻⁵², so that a certain mistake costs 36 nats and not infinitely many;
 * logits need no clipping and are not.
 *
 * @example
 * const loss = new LogLoss();
 * loss.update({ labels: [0], probabilities: [0.5, 0.25, 0.25] });
 * loss.result(); // 0.6931471805599453
 */
export class LogLoss implements Metric<ProbabilityInputs, number, MeanState> {
  readonly #mean: Mean = new Mean();
  readonly #options: ProbabilityMetricOptions;

  constructor({ ignoreLabel }: ProbabilityMetricOptions = {}) {
    this.#options = ignoreLabel === undefined ? {} : { ignoreLabel };
  }

  update(inputs: ProbabilityInputs): void {
    const rows = readProbabilityRows("LogLoss.update", inputs, this.#options);
    let sum = 0;
    for (let i = 0; i < rows.labels.length; i++) sum += rows.weights[i]! * lossOf(rows, i);
    // Labels that are all ignored bring nothing, and no 0 ÷ 0.
    if (rows.weight > 0) this.#mean.update({ value: sum / rows.weight, count: rows.weight });
  }

  result(): number {
    if (this.#mean.state().count === 0) throw nothingAdded("LogLoss.result");
    return this.#mean.result();
  }

  reset(): void {
    this.#mean.reset();
  }

  merge(other: this): void {
    this.#mean.merge(other.#mean);
  }

  state(): MeanState {
    return this.#mean.state();
  }

  restore(state: MeanState): void {
    this.#mean.restore(state);
  }
}

function lossOf({ labels, values, columns, isLogits }: ProbabilityRows, row: number): number {
  const label = labels[row]!;
  if (isLogits) {
    if (columns > 1) return logSumExp(values, row * columns, columns) - values[row * columns + label]!;
    // ln(1 + e^(∓logit)), without overflow.
    const against = label === 1 ? -values[row]! : values[row]!;
    return Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against)));
  }
  const yes = columns > 1 ? values[row * columns + label]! : values[row]!;
  const probability = columns === 1 && label === 0 ? 1 - clip(yes) : clip(yes);
  return -Math.log(probability);
}

function clip(probability: number): number {
  return Math.min(1 - least, Math.max(least, probability));
}
