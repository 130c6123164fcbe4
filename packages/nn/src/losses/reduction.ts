/** How the losses of single elements become one number, and what fits what they are taken of. */

import { formatShape, mean, type Scalar, ShapeError, sum, type Tensor } from "@dl/core";
import { checkChoice } from "../check-choice.ts";

/** `mean` and `sum` give a scalar, `none` the losses as they are. */
export type Reduction = "mean" | "sum" | "none";

/** What a loss gives under a reduction. */
export type Reduced<R extends Reduction> = R extends "none" ? Tensor : Scalar;

export interface LossOptions<R extends Reduction = Reduction> {
  /** Default `mean`. */
  reduction?: R;
}

/** @throws OptionError for another word. */
export function checkReduction(reduction: Reduction): void {
  checkChoice("loss", ["reduction", reduction], { of: ["mean", "sum", "none"] });
}

/** @throws OptionError for a reduction there is none of. */
export function reduce<R extends Reduction>(losses: Tensor, reduction: R | undefined): Reduced<R> {
  checkReduction(reduction ?? "mean");
  // The condition on R is not one TypeScript can follow through the comparison.
  if (reduction === "none") return losses as Reduced<R>;
  return (reduction === "sum" ? sum(losses) : mean(losses)) as Reduced<R>;
}

/**
 * Targets may broadcast to predictions, not the other way round: `[B, 1]` against `[B]` would be every prediction against every target.
 *
 * @throws ShapeError when the targets are larger than the predictions, or do not broadcast to them.
 */
export function checkTargets(where: string, prediction: Tensor, target: Tensor | number): void {
  if (typeof target === "number") return;
  const offset = prediction.rank - target.rank;
  const fits = offset >= 0 && target.shape.every((length, axis) => length === 1 || length === prediction.shape[axis + offset]);
  if (fits) return;
  throw new ShapeError(
    `${where}: expected targets ${formatShape(prediction.shape)}, or of a shape that broadcasts to it, got ${formatShape(target.shape)}. Reshape one of them.`,
  );
}
