/** Correlation of ranks: how nearly predictions rise with the targets. Spearman 1904. */

import { ColumnsMetric } from "../columns-metric.ts";
import { meanRanks } from "./mean-ranks.ts";
import { PearsonCorrelation } from "./pearson-correlation.ts";
import { type RegressionInputs, readRegression } from "./regression-inputs.ts";

/**
 * Pearson correlation of ranks; equal numbers share the mean of their ranks. NaN where either side is constant. Memory: two numbers an example.
 *
 * @example
 * const correlation = new SpearmanCorrelation();
 * correlation.update({ targets: [1, 2, 3], predictions: [1, 10, 100] });
 * correlation.result(); // 1
 */
export class SpearmanCorrelation extends ColumnsMetric<Omit<RegressionInputs, "weights">> {
  constructor() {
    super("SpearmanCorrelation", { columns: 2 });
  }

  protected override read(inputs: RegressionInputs): ArrayLike<number>[] {
    const { targets, predictions } = readRegression("SpearmanCorrelation.update", inputs);
    return [targets, predictions];
  }

  protected override answer([targets, predictions]: readonly (readonly number[])[]): number {
    const pearson = new PearsonCorrelation();
    pearson.update({ targets: meanRanks(targets!), predictions: meanRanks(predictions!) });
    return pearson.result();
  }
}
