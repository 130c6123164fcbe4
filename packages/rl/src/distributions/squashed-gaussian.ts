/** A normal distribution sent through tanh: actions within ±1. Haarnoja et al. 2018, arXiv:1801.01290, appendix C. */

import { add, exp, mul, softplus, sub, sum, type Tensor, tanh } from "@dl/core";

/** From means and logarithms of standard deviations, both `[B, A]`. */
export class SquashedGaussian {
  readonly mean: Tensor;
  readonly logStd: Tensor;

  constructor(mean: Tensor, logStd: Tensor) {
    this.mean = mean;
    this.logStd = logStd;
  }

  /** Actions for standard normal `noise` `[B, A]`, differentiable by mean and deviation, and their log-densities `[B]`. */
  sample(noise: Tensor): { actions: Tensor; logProbs: Tensor } {
    const before = add(this.mean, mul(exp(this.logStd), noise)); // [B, A]
    // With the noise as it is, the normal log-density depends on the deviation alone; log(1 − tanh²u) is written so that it never overflows.
    const density = sub(mul(noise.square(), -0.5), add(this.logStd, 0.5 * Math.log(2 * Math.PI)));
    return { actions: tanh(before), logProbs: sum(sub(density, logSlope(before)), -1) };
  }

  /** The action in the middle. */
  mode(): Tensor {
    return tanh(this.mean);
  }
}

/** log(1 − tanh²u) = 2(log 2 − u − log(1 + e⁻²ᵘ)). */
export function logSlope(u: Tensor): Tensor {
  return mul(add(add(u, softplus(mul(u, -2))), -Math.LN2), -2);
}
