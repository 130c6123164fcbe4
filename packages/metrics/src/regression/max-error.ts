/** The worst distance. */

import type { Metric } from "../metric.ts";
import { nothingAdded } from "../numbers.ts";
import { type RegressionInputs, readRegression } from "./regression-inputs.ts";

export interface MaxErrorState {
  /** Below 0: nothing yet. */
  readonly worst: number;
}

/**
 * max |y − ŷ|.
 *
 * @example
 * const error = new MaxError();
 * error.update({ targets: [1, 2], predictions: [1, 5] });
 * error.result(); // 3
 */
export class MaxError implements Metric<Omit<RegressionInputs, "weights">, number, MaxErrorState> {
  #worst = -1;

  update(inputs: Omit<RegressionInputs, "weights">): void {
    const { targets, predictions } = readRegression("MaxError.update", inputs);
    let worst = this.#worst;
    for (let i = 0; i < targets.length; i++) worst = Math.max(worst, Math.abs(targets[i]! - predictions[i]!));
    this.#worst = worst;
  }

  result(): number {
    if (this.#worst < 0) throw nothingAdded("MaxError.result");
    return this.#worst;
  }

  reset(): void {
    this.#worst = -1;
  }

  merge(other: this): void {
    this.#worst = Math.max(this.#worst, other.#worst);
  }

  state(): MaxErrorState {
    return { worst: this.#worst };
  }

  restore({ worst }: MaxErrorState): void {
    this.#worst = worst;
  }
}
