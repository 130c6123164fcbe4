/** Hinge loss, max(0, 1 − t·s): a margin of one on the right side. Cortes and Vapnik 1995; for GANs, Lim and Ye 2017, arXiv:1705.02894. */

import { relu, type Tensor } from "@dl/core";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

/**
 * @param scores   `[…]`
 * @param targets  `[…]` floats, −1 or 1; or one of them for all
 * @example
 * const loss = hinge(discriminator.forward(real), 1).add(hinge(discriminator.forward(fake), -1));
 */
export function hinge<R extends Reduction = "mean">(
  scores: Tensor,
  targets: Tensor | number,
  { reduction }: LossOptions<R> = {},
): Reduced<R> {
  checkTargets("hinge", scores, targets);
  return reduce(relu(scores.mul(targets).neg().add(1)), reduction);
}
