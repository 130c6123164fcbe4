/** How the losses of single elements become one number. */

import { mean, type Scalar, sum, type Tensor } from "@dl/core";

/** `mean` and `sum` give a scalar, `none` the losses as they are. */
export type Reduction = "mean" | "sum" | "none";

/** What a loss gives under a reduction. */
export type Reduced<R extends Reduction> = R extends "none" ? Tensor : Scalar;

export interface LossOptions<R extends Reduction = Reduction> {
  /** Default `mean`. */
  reduction?: R;
}

export function reduce<R extends Reduction>(losses: Tensor, reduction: R | undefined): Reduced<R> {
  // The condition on R is not one TypeScript can follow through the comparison.
  if (reduction === "none") return losses as Reduced<R>;
  return (reduction === "sum" ? sum(losses) : mean(losses)) as Reduced<R>;
}
