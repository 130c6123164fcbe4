/** R² of predictions freed of their mean error. */

import { type Moments, MomentsMetric } from "./moments-metric.ts";

/**
 * 1 − var(y − ŷ) ÷ var(y). Constant targets: 1 if the error is constant, otherwise 0.
 *
 * @example
 * const explained = new ExplainedVariance();
 * explained.update({ targets: [1, 2, 3], predictions: [2, 3, 4] });
 * explained.result(); // 1
 */
export class ExplainedVariance extends MomentsMetric {
  constructor() {
    super("ExplainedVariance");
  }

  protected override answer({ yy, pp, yp }: Moments): number {
    const residual = Math.max(0, yy + pp - 2 * yp);
    return yy === 0 ? Number(residual === 0) : 1 - residual / yy;
  }
}
