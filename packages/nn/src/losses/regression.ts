/** Distances between numbers: squared, absolute, and in between. The target has the prediction's shape, or broadcasts to it. */

import { abs, less, OptionError, squaredDifference, type Tensor, where } from "@dl/core";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

/** (x − y)². */
export function meanSquaredError<R extends Reduction = "mean">(
  prediction: Tensor,
  target: Tensor | number,
  { reduction }: LossOptions<R> = {},
): Reduced<R> {
  checkTargets("meanSquaredError", prediction, target);
  return reduce(squaredDifference(prediction, target), reduction);
}

/** |x − y|. */
export function meanAbsoluteError<R extends Reduction = "mean">(
  prediction: Tensor,
  target: Tensor | number,
  { reduction }: LossOptions<R> = {},
): Reduced<R> {
  checkTargets("meanAbsoluteError", prediction, target);
  return reduce(abs(prediction.sub(target)), reduction);
}

/** d²/2 for distances d up to `delta`, δ(d − δ/2) beyond. Huber 1964. `delta` is 1 by default. */
export function huber<R extends Reduction = "mean">(
  prediction: Tensor,
  target: Tensor | number,
  { delta = 1, reduction }: LossOptions<R> & { delta?: number } = {},
): Reduced<R> {
  checkTargets("huber", prediction, target);
  if (!(delta > 0)) throw new OptionError(`huber: expected a delta above 0, got ${delta}.`);
  const difference = prediction.sub(target);
  const distance = abs(difference);
  const near = difference.square().mul(0.5);
  const far = distance.sub(delta / 2).mul(delta);
  return reduce(where(less(distance, delta), near, far), reduction);
}

/** Huber's loss over its delta, here called `beta`: slope 1 far out. Girshick 2015, arXiv:1504.08083. `beta` is 1 by default; with 0 it is |x − y|. */
export function smoothL1<R extends Reduction = "mean">(
  prediction: Tensor,
  target: Tensor | number,
  { beta = 1, reduction }: LossOptions<R> & { beta?: number } = {},
): Reduced<R> {
  const losses =
    beta === 0
      ? meanAbsoluteError(prediction, target, { reduction: "none" })
      : huber(prediction, target, { delta: beta, reduction: "none" }).div(beta);
  return reduce(losses, reduction);
}
