/** Cross-entropy for yes and no. */

import { clip, fill, greaterEqual, lessEqual, log, logicalAnd, softplus, type Tensor, where } from "@dl/core";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

export interface BinaryCrossEntropyOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Weight of the positive targets; a tensor broadcasts to the logits, such as `[labels]`. Default 1. */
  positiveWeight?: Tensor | number;
}

/**
 * −y·ln σ(x) − (1 − y)·ln(1 − σ(x)), without overflow for any logit.
 *
 * @param logits   `[…]`
 * @param targets  `[…]` floats in [0, 1], of a shape that broadcasts to the logits, or one number for all
 */
export function binaryCrossEntropyWithLogits<R extends Reduction = "mean">(
  logits: Tensor,
  targets: Tensor | number,
  { positiveWeight = 1, reduction }: BinaryCrossEntropyOptions<R> = {},
): Reduced<R> {
  checkTargets("binaryCrossEntropyWithLogits", logits, targets);
  const y = typeof targets === "number" ? fill(logits.shape, targets, { dtype: logits.dtype }) : targets;
  // (1 − y)·x + (1 + (w − 1)·y)·softplus(−x), since −ln σ(x) = softplus(−x) and −ln(1 − σ(x)) = x + softplus(−x).
  const negative = y.mul(-1).add(1).mul(logits);
  const excess = typeof positiveWeight === "number" ? y.mul(positiveWeight - 1) : y.mul(positiveWeight.sub(1));
  return reduce(negative.add(excess.add(1).mul(softplus(logits.neg()))), reduction);
}

/**
 * The same from probabilities, for models that end in a sigmoid. Logarithms are cut off at −87: prefer logits.
 * A probability outside of [0, 1], such as a logit given by mistake, makes the loss NaN.
 *
 * @param probabilities  `[…]` in [0, 1]
 * @param targets        `[…]` floats in [0, 1], of a shape that broadcasts to the probabilities
 */
export function binaryCrossEntropy<R extends Reduction = "mean">(
  probabilities: Tensor,
  targets: Tensor,
  { reduction }: LossOptions<R> = {},
): Reduced<R> {
  checkTargets("binaryCrossEntropy", probabilities, targets);
  const constant = (value: number): Tensor => fill([], value, { dtype: probabilities.dtype });
  const logarithm = (p: Tensor): Tensor => log(clip(p, 1e-38, 1));
  const positive = targets.mul(logarithm(probabilities));
  const negative = targets.sub(1).mul(logarithm(probabilities.mul(-1).add(1)));
  // What is cut off above hides what is no probability: NaN shows it at once.
  const valid = logicalAnd(greaterEqual(probabilities, 0), lessEqual(probabilities, 1));
  const poison = where(valid, constant(1), constant(NaN));
  return reduce(negative.sub(positive).mul(poison), reduction);
}
