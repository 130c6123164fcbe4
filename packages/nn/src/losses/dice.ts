/** How much two regions overlap. Sudre et al. 2017, arXiv:1707.03237, section 2.1. */

import { formatShape, OptionError, ShapeError, sameShape, sum, type Tensor } from "@dl/core";
import { type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

export interface DiceOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Added above and below, in pixels: a class that is neither there nor found has no loss. Default 1. */
  smooth?: number;
}

/**
 * 1 − (2·Σ p·q + s) / (Σ p + Σ q + s) over the places of each example and class: for regions, of which most places are background.
 *
 * @param probabilities  `[B, …, classes]` in [0, 1], as softmax or a sigmoid gives them
 * @param targets        of the same shape: 1 where the class is, otherwise 0
 * @returns Under reduction `none`, `[B, classes]`.
 * @throws ShapeError for shapes that differ, or have no places between examples and classes; OptionError for a negative `smooth`.
 * @example
 * const loss = dice(softmax(logits), oneHot(masks, classes)).add(crossEntropy(logits, masks));
 */
export function dice<R extends Reduction = "mean">(
  probabilities: Tensor,
  targets: Tensor,
  { smooth = 1, reduction }: DiceOptions<R> = {},
): Reduced<R> {
  const { shape, rank } = probabilities;
  if (rank < 3 || !sameShape(shape, targets.shape)) {
    throw new ShapeError(
      `dice: expected probabilities [B, …, classes] and targets of the same shape, got ${formatShape(shape)} and ${formatShape(targets.shape)}. Take oneHot of masks.`,
    );
  }
  if (!(smooth >= 0)) throw new OptionError(`dice: expected smooth ≥ 0, got ${smooth}.`);
  const places = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const both = sum(probabilities.mul(targets), places); // [B, classes]
  const each = sum(probabilities, places).add(sum(targets, places));
  return reduce(both.mul(2).add(smooth).div(each.add(smooth)).mul(-1).add(1), reduction);
}
