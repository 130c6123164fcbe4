/** Residual branches left out at random, example by example. Huang et al. 2016, "Deep networks with stochastic depth", arXiv:1603.09382. */

import { dropout, mul, ones, type Tensor } from "@dl/core";
import type { Mode } from "@dl/nn";

/** In training, each example of a branch `[B, …]` is zero with probability `rate`, and the others grow by 1/(1 − rate). */
export function stochasticDepth(branch: Tensor, { rate, mode }: { rate: number; mode: Mode }): Tensor {
  if (!mode.training || rate === 0) return branch;
  const kept = dropout(ones([branch.shape[0]!, ...branch.shape.slice(1).map(() => 1)]), { rate, rng: mode.rng });
  return mul(branch, kept);
}
