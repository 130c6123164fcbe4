/** The share of the variance of the targets that predictions explain. Wright 1921, "Correlation and causation". */

import { type Moments, MomentsMetric } from "./moments-metric.ts";

/**
 * 1 − Σ (y − ŷ)² ÷ Σ (y − mean y)²: 1 is perfect, 0 as good as the mean, below 0 worse. Constant targets: 1 if met exactly, otherwise 0.
 *
 * @example
 * const r2 = new R2Score();
 * r2.update({ targets: [1, 2, 3], predictions: [1, 2, 4] });
 * r2.result(); // 0.5
 */
export class R2Score extends MomentsMetric {
  constructor() {
    super("R2Score");
  }

  protected override answer({ weight, meanY, meanP, yy, pp, yp }: Moments): number {
    const residual = Math.max(0, yy + pp - 2 * yp) + weight * (meanY - meanP) ** 2;
    return yy === 0 ? Number(residual === 0) : 1 - residual / yy;
  }
}
