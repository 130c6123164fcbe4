/** The middle distance, which outliers do not move. */

import { ColumnsMetric } from "../columns-metric.ts";
import { type RegressionInputs, readRegression } from "./regression-inputs.ts";

/**
 * median |y − ŷ|. Memory: a number an example.
 *
 * @example
 * const error = new MedianAbsoluteError();
 * error.update({ targets: [1, 2, 3], predictions: [1, 3, 99] });
 * error.result(); // 1
 */
export class MedianAbsoluteError extends ColumnsMetric<Omit<RegressionInputs, "weights">> {
  constructor() {
    super("MedianAbsoluteError", { columns: 1 });
  }

  protected override read(inputs: RegressionInputs): ArrayLike<number>[] {
    const { targets, predictions } = readRegression("MedianAbsoluteError.update", inputs);
    return [Float64Array.from(targets, (target, i) => Math.abs(target - predictions[i]!))];
  }

  protected override answer([errors]: readonly (readonly number[])[]): number {
    const sorted = Float64Array.from(errors!).sort();
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }
}
