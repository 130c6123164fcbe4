/** Kullback–Leibler divergence. Kullback and Leibler 1951; as a distillation loss, Hinton et al. 2015, arXiv:1503.02531. */

import { exp, logSoftmax, sum, type Tensor } from "@dl/core";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

/**
 * KL(softmax(target) ‖ softmax(prediction)) of each row, then their mean: of `[B, classes]`, PyTorch's `batchmean`; of more axes the mean is over all rows, not over the first axis alone.
 *
 * @param logits        `[…, classes]`, the prediction
 * @param targetLogits  `[…, classes]`; stop its gradient when it is a teacher's
 */
export function klDivergence<R extends Reduction = "mean">(
  logits: Tensor,
  targetLogits: Tensor,
  { reduction }: LossOptions<R> = {},
): Reduced<R> {
  checkTargets("klDivergence", logits, targetLogits);
  const target = logSoftmax(targetLogits);
  return reduce(sum(exp(target).mul(target.sub(logSoftmax(logits))), -1), reduction);
}
