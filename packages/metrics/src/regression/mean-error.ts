/** What mean errors have in common: a loss of each example, averaged with weights. */

import { SumsMetric } from "../sums-metric.ts";
import { type RegressionInputs, readRegression } from "./regression-inputs.ts";

export abstract class MeanError extends SumsMetric<RegressionInputs> {
  readonly #where: string;

  constructor(name: string, options?: string) {
    super(name, { length: 2, ...(options === undefined ? {} : { options }) });
    this.#where = `${name}.update`;
  }

  /** The loss of one example; throws where it has none. */
  protected abstract loss(target: number, prediction: number): number;

  protected override add(inputs: RegressionInputs, sums: Float64Array): void {
    const { targets, predictions, weights } = readRegression(this.#where, inputs);
    for (let i = 0; i < targets.length; i++) {
      sums[0]! += weights[i]! * this.loss(targets[i]!, predictions[i]!);
      sums[1]! += weights[i]!;
    }
  }

  protected override answer(sums: Float64Array): number {
    return sums[0]! / sums[1]!;
  }
}
