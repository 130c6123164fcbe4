/** Cross-entropy between logits and labels, or between logits and soft targets. */

import {
  equal,
  fill,
  formatShape,
  gather,
  greaterEqual,
  less,
  logicalAnd,
  logicalOr,
  logSoftmax,
  mean,
  notEqual,
  OptionError,
  type Scalar,
  ShapeError,
  sameShape,
  softmaxCrossEntropy,
  sum,
  type Tensor,
  where,
} from "@dl/core";
import { checkReduction, type LossOptions, type Reduced, type Reduction } from "./reduction.ts";

export interface CrossEntropyOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Share of each target given to all classes alike, from 0 to 1. Szegedy et al. 2016, arXiv:1512.00567, section 7. Default 0. */
  labelSmoothing?: number;
  /** A weight for each class, `[classes]`; the mean divides by the sum of the weights of the labels. Default 1 each. */
  classWeights?: Tensor | undefined;
  /** Rows with this label count for nothing; for labels alone. Default none. */
  ignoreIndex?: number | undefined;
}

/**
 * −ln softmax(logits)[label], as PyTorch defines it with its options.
 *
 * Labels cannot be checked on the device without waiting for it: one outside [0, classes) that is not `ignoreIndex` makes the
 * loss NaN. Check them where they enter with `checkIndices` of @dl/core.
 *
 * @param logits   `[…, classes]`: `[B, classes]`, or `[B, H, W, classes]` for each pixel
 * @param targets  `[…]` int32 labels, or `[…, classes]` floats: a distribution for each row
 * @example
 * const loss = crossEntropy(model.forward(images, mode), labels, { labelSmoothing: 0.1 });
 */
export function crossEntropy<R extends Reduction = "mean">(
  logits: Tensor,
  targets: Tensor,
  options: CrossEntropyOptions<R> = {},
): Reduced<R> {
  check(logits, targets, options);
  return (targets.dtype === "int32" ? fromLabels(logits, targets, options) : fromDistributions(logits, targets, options)) as Reduced<R>;
}

function check(
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0, classWeights, ignoreIndex, reduction = "mean" }: CrossEntropyOptions,
): void {
  checkReduction(reduction);
  if (logits.rank === 0) throw new ShapeError("crossEntropy: expected logits [..., classes], got a scalar.");
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new OptionError(`crossEntropy: expected labelSmoothing from 0 to 1, got ${labelSmoothing}.`);
  }
  const classes = logits.shape.at(-1)!;
  if (classWeights && !sameShape(classWeights.shape, [classes])) {
    throw new ShapeError(`crossEntropy: expected classWeights [${classes}], one for each class, got ${formatShape(classWeights.shape)}.`);
  }
  if (ignoreIndex !== undefined && targets.dtype !== "int32") {
    throw new OptionError(`crossEntropy: expected ignoreIndex with int32 labels alone, got ${ignoreIndex} with ${targets.dtype} targets.`);
  }
}

function fromLabels(
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0, classWeights, ignoreIndex, reduction = "mean" }: CrossEntropyOptions,
): Tensor {
  const classes = logits.shape.at(-1)!;
  const zero = fill([], 0, { dtype: logits.dtype });
  const one = fill([], 1, { dtype: logits.dtype });
  const known = logicalAnd(greaterEqual(labels, 0), less(labels, classes));
  const counted = ignoreIndex === undefined ? undefined : notEqual(labels, ignoreIndex);
  // A label that is neither a class nor ignored: NaN shows at once, where a silent zero would train on.
  const valid = ignoreIndex === undefined ? known : logicalOr(known, equal(labels, ignoreIndex));
  const poison = where(valid, one, fill([], NaN, { dtype: logits.dtype })); // […]
  // The operation gives rows with a label of −1 a loss of 0; an ignored label may be a class.
  const read = counted ? where(counted, labels, fill([], -1, { dtype: "int32" })) : labels;
  const weights = classWeights && gather(classWeights, where(known, labels, fill([], 0, { dtype: "int32" })), { axis: 0 }); // […]

  let losses = softmaxCrossEntropy(logits, read).mul(poison);
  if (weights) losses = losses.mul(weights);
  if (labelSmoothing > 0) {
    const uniform = meanOverClasses(logits, classWeights);
    const smoothed = losses.mul(1 - labelSmoothing).add(uniform.mul(labelSmoothing));
    losses = counted ? where(counted, smoothed, zero) : smoothed;
  }
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  if (!weights && !counted) return mean(losses);
  const share = weights ?? fill(labels.shape, 1, { dtype: logits.dtype });
  return sum(losses).div(sum(counted ? where(counted, share, zero) : share));
}

/** The loss against equal shares for all classes: −Σ w·ln softmax / classes. */
function meanOverClasses(logits: Tensor, classWeights: Tensor | undefined): Tensor {
  const logProbabilities = logSoftmax(logits);
  return mean(classWeights ? logProbabilities.mul(classWeights) : logProbabilities, -1).neg();
}

function fromDistributions(
  logits: Tensor,
  targets: Tensor,
  { labelSmoothing = 0, classWeights, reduction = "mean" }: CrossEntropyOptions,
): Tensor | Scalar {
  if (!sameShape(logits.shape, targets.shape)) {
    throw new ShapeError(
      `crossEntropy: expected int32 labels ${formatShape(logits.shape.slice(0, -1))}, or float distributions ${formatShape(logits.shape)}, got ${targets.dtype} ${formatShape(targets.shape)}.`,
    );
  }
  const classes = logits.shape.at(-1)!;
  const smoothed = labelSmoothing === 0 ? targets : targets.mul(1 - labelSmoothing).add(labelSmoothing / classes);
  const logProbabilities = logSoftmax(logits);
  const weighted = classWeights ? logProbabilities.mul(classWeights) : logProbabilities;
  const losses = sum(smoothed.mul(weighted), -1).neg();
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : mean(losses);
}
