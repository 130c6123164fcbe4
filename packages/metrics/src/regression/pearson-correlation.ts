/** How nearly predictions are a straight line of the targets. Pearson 1895. */

import { type Moments, MomentsMetric } from "./moments-metric.ts";

/**
 * cov(y, ŷ) ÷ √(var(y) var(ŷ)), from −1 to 1; NaN where either side is constant.
 *
 * @example
 * const correlation = new PearsonCorrelation();
 * correlation.update({ targets: [1, 2, 3], predictions: [2, 4, 6] });
 * correlation.result(); // 1
 */
export class PearsonCorrelation extends MomentsMetric {
  constructor() {
    super("PearsonCorrelation");
  }

  protected override answer({ yy, pp, yp }: Moments): number {
    return yy === 0 || pp === 0 ? Number.NaN : Math.min(1, Math.max(-1, yp / Math.sqrt(yy * pp)));
  }
}
