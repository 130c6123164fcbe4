/** Losses on the distances between embeddings. */

import {
  equal,
  formatShape,
  maximum,
  norm,
  OptionError,
  range,
  relu,
  rsqrt,
  ShapeError,
  sum,
  swapAxes,
  type Tensor,
  where,
} from "@dl/core";
import { crossEntropy } from "./cross-entropy.ts";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

/** The cosine of the angle between vectors `[…, C]`: `[…]`. Lengths below 10⁻⁸ count as 10⁻⁸. */
export function cosineSimilarity(a: Tensor, b: Tensor): Tensor {
  return sum(unit(a).mul(unit(b)), -1);
}

/** Vectors `[…, C]` of length 1. */
function unit(x: Tensor): Tensor {
  // The bound sits under the root: a zero vector has a gradient of 0, where the root's slope would be infinite.
  return x.mul(rsqrt(maximum(sum(x.square(), -1, { keepDims: true }), 1e-16)));
}

/** 1 − cos for pairs that belong together (label 1), max(0, cos − margin) for those that do not (−1). `labels` `[…]`, float or int32. */
export function cosineEmbedding<R extends Reduction = "mean">(
  [a, b]: readonly [Tensor, Tensor],
  labels: Tensor,
  { margin = 0, reduction }: LossOptions<R> & { margin?: number } = {},
): Reduced<R> {
  const cosine = cosineSimilarity(a, b);
  checkTargets("cosineEmbedding", cosine, labels);
  return reduce(where(equal(labels, 1), cosine.neg().add(1), relu(cosine.sub(margin))), reduction);
}

/** max(0, ‖a − p‖ − ‖a − n‖ + margin) for anchors, positives and negatives `[…, C]`. Schroff et al. 2015, arXiv:1503.03832. */
export function triplet<R extends Reduction = "mean">(
  anchor: Tensor,
  { positive, negative }: { positive: Tensor; negative: Tensor },
  { margin = 1, reduction }: LossOptions<R> & { margin?: number } = {},
): Reduced<R> {
  // PyTorch's 10⁻⁶: equal vectors would otherwise have no slope.
  const distance = (a: Tensor, b: Tensor): Tensor => norm(a.sub(b).add(1e-6), -1);
  return reduce(relu(distance(anchor, positive).sub(distance(anchor, negative)).add(margin)), reduction);
}

/**
 * InfoNCE: each query must find its key among all keys of the batch. Oord et al. 2018, arXiv:1807.03748.
 *
 * @param queries  `[B, C]`; lengths do not matter
 * @param keys     `[B, C]`; row i belongs to query i
 * @param options.temperature  Divides the cosines; a tensor when it is learned, as in CLIP. Default 0.07.
 * @param options.symmetric  Keys must find their queries too, and the mean of both is taken. Radford et al. 2021, arXiv:2103.00020. Default false.
 * @throws ShapeError for queries and keys of other shapes, OptionError for a temperature that is a number and not positive.
 */
export function infoNce<R extends Reduction = "mean">(
  queries: Tensor,
  keys: Tensor,
  { temperature = 0.07, symmetric = false, reduction }: LossOptions<R> & { temperature?: Tensor | number; symmetric?: boolean } = {},
): Reduced<R> {
  if (queries.rank !== 2 || queries.shape.join() !== keys.shape.join()) {
    throw new ShapeError(`infoNce: expected queries and keys [B, C], got ${formatShape(queries.shape)} and ${formatShape(keys.shape)}.`);
  }
  if (typeof temperature === "number" && !(temperature > 0))
    throw new OptionError(`infoNce: expected a temperature above 0, got ${temperature}.`);
  const logits = unit(queries)
    .matmul(swapAxes(unit(keys), -2, -1))
    .div(temperature); // [B, B]
  const labels = range(queries.shape[0]!);
  const forth = crossEntropy(logits, labels, { reduction: "none" });
  if (!symmetric) return reduce(forth, reduction);
  const back = crossEntropy(swapAxes(logits, 0, 1), labels, { reduction: "none" });
  return reduce(forth.add(back).mul(0.5), reduction);
}
