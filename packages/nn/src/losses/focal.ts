/** Cross-entropy that looks at what is hard. Lin et al. 2017, arXiv:1708.02002, equation 5. */

import { clip, fill, OptionError, pow, sigmoid, type Tensor } from "@dl/core";
import { binaryCrossEntropyWithLogits } from "./binary-cross-entropy.ts";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

export interface SigmoidFocalOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Weight of the positive targets, 0 to 1; that of the negative is what is left of 1. `null` weighs both by 1. Default 0.25. */
  alpha?: number | null;
  /** How much less counts what is right already: (1 − p)^γ, where p is the probability of the target. Default 2; 0 is the cross-entropy. */
  gamma?: number;
}

/**
 * α·(1 − p)^γ·(−ln p) for each yes or no, where p is the probability that σ(x) gives to the target: for detectors, whose background would drown what is found.
 *
 * @param logits   `[…]`
 * @param targets  `[…]` floats in [0, 1], of a shape that broadcasts to the logits, or one number for all
 * @throws OptionError for an alpha outside of [0, 1], or a negative gamma.
 * @example
 * const loss = sigmoidFocal(model.forward(images, mode), heat, { reduction: "sum" });
 */
export function sigmoidFocal<R extends Reduction = "mean">(
  logits: Tensor,
  targets: Tensor | number,
  { alpha = 0.25, gamma = 2, reduction }: SigmoidFocalOptions<R> = {},
): Reduced<R> {
  checkTargets("sigmoidFocal", logits, targets);
  if (alpha !== null && !(alpha >= 0 && alpha <= 1)) throw new OptionError(`sigmoidFocal: expected an alpha from 0 to 1, got ${alpha}.`);
  if (!(gamma >= 0)) throw new OptionError(`sigmoidFocal: expected a gamma ≥ 0, got ${gamma}.`);
  const y = typeof targets === "number" ? fill([], targets, { dtype: logits.dtype }) : targets;
  const p = sigmoid(logits);
  // 1 − p of the target: p + y·(1 − 2p). Cut off above 0, where a root's slope has no end.
  const missing = clip(p.add(y.mul(p.mul(-2).add(1))), 1e-30, 1);
  let losses = binaryCrossEntropyWithLogits(logits, y, { reduction: "none" }).mul(pow(missing, gamma));
  if (alpha !== null) losses = losses.mul(y.mul(2 * alpha - 1).add(1 - alpha));
  return reduce(losses, reduction);
}
