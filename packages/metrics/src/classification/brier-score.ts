/** The mean squared distance of probabilities from the truth. Brier 1950, "Verification of forecasts expressed in terms of probability". */

import { Mean, type MeanState } from "../mean.ts";
import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { type ProbabilityInputs, type ProbabilityMetricOptions, probabilitiesOf, readProbabilityRows } from "./probability-inputs.ts";

/**
 * Binary: mean (p − y)², from 0 to 1. Rows of classes: mean Σ (pᶜ − yᶜ)², from 0 to 2, as Brier had it: for two classes twice the binary score.
 *
 * @example
 * const brier = new BrierScore();
 * brier.update({ labels: [1, 0], probabilities: [0.5, 0.5] });
 * brier.result(); // 0.25
 */
export class BrierScore implements Metric<ProbabilityInputs, number, MeanState> {
  readonly #mean: Mean = new Mean();
  readonly #options: ProbabilityMetricOptions;

  constructor({ ignoreLabel }: ProbabilityMetricOptions = {}) {
    this.#options = ignoreLabel === undefined ? {} : { ignoreLabel };
  }

  update(inputs: ProbabilityInputs): void {
    const rows = readProbabilityRows("BrierScore.update", inputs, this.#options);
    const { labels, columns } = rows;
    let sum = 0;
    for (let i = 0; i < labels.length; i++) {
      probabilitiesOf(rows, i).forEach((probability, c) => {
        const truth = columns === 1 ? labels[i]! : labels[i] === c ? 1 : 0;
        sum += rows.weights[i]! * (probability - truth) ** 2;
      });
    }
    // Labels that are all ignored bring nothing, and no 0 ÷ 0.
    if (rows.weight > 0) this.#mean.update({ value: sum / rows.weight, count: rows.weight });
  }

  result(): number {
    if (this.#mean.state().count === 0) throw nothingAdded("BrierScore.result");
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
