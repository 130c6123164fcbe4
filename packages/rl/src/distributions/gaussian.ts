/** Normal distributions of independent coordinates. */

import { add, exp, mul, neg, square, sub, sum, type Tensor } from "@dl/core";
import type { Distribution } from "./distribution.ts";

const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/** From means `[B, A]` and logarithms of standard deviations, `[A]` or `[B, A]`; actions are `[B, A]`. */
export class DiagonalGaussian implements Distribution {
  readonly mean: Tensor;
  readonly logStd: Tensor;

  constructor(mean: Tensor, logStd: Tensor) {
    this.mean = mean;
    this.logStd = logStd;
  }

  logProb(actions: Tensor): Tensor {
    const scaled = mul(sub(actions, this.mean), exp(neg(this.logStd))); // [B, A]
    return sub(mul(sum(square(scaled), -1), -0.5), this.#logScale());
  }

  entropy(): Tensor {
    return add(this.#logScale(), 0.5 * this.mean.shape[1]!);
  }

  divergence(other: DiagonalGaussian): Tensor {
    const variance = exp(mul(sub(this.logStd, other.logStd), 2)); // of this, in units of the other's
    const distance = square(mul(sub(this.mean, other.mean), exp(neg(other.logStd)))); // [B, A]
    const each = sub(mul(add(add(distance, variance), -1), 0.5), sub(this.logStd, other.logStd));
    return sum(each, -1);
  }

  /** Σ log σ + A/2·log 2π: `[]`, or `[B]` when the deviations differ by row. */
  #logScale(): Tensor {
    return add(sum(this.logStd, -1), halfLogTwoPi * this.mean.shape[1]!);
  }
}
