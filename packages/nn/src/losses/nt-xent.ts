/** Each view of an example must find the other among all views of the batch. Chen et al. 2020, "SimCLR", arXiv:2002.05709, equation 1. */

import {
  concat,
  eye,
  matmul,
  maximum,
  mul,
  OptionError,
  range,
  rsqrt,
  type Scalar,
  ShapeError,
  square,
  sub,
  sum,
  swapAxes,
  type Tensor,
} from "@dl/core";
import { crossEntropy } from "./cross-entropy.ts";

/**
 * The normalised, temperature-scaled cross entropy of two views of a batch; unlike `infoNce`, the views of one side are also each other's negatives.
 *
 * @param first   `[B, C]`; lengths do not matter
 * @param second  `[B, C]`; row i shows the same example as row i of `first`
 * @param options.temperature  Divides the cosines. Default 0.5.
 * @throws ShapeError for views of other shapes, OptionError for a temperature that is not positive.
 */
export function ntXent(first: Tensor, second: Tensor, { temperature = 0.5 }: { temperature?: number } = {}): Scalar {
  if (first.rank !== 2 || first.shape.join() !== second.shape.join()) {
    throw new ShapeError(`ntXent: expected two views [B, C], got [${first.shape.join(", ")}] and [${second.shape.join(", ")}].`);
  }
  if (!(temperature > 0)) throw new OptionError(`ntXent: expected a temperature above 0, got ${temperature}.`);
  const batch = first.shape[0]!;
  const views = concat([first, second], { axis: 0 }); // [2 B, C]
  const unit = views.mul(rsqrt(maximum(sum(square(views), -1, { keepDims: true }), 1e-16)));
  const cosines = matmul(unit, swapAxes(unit, 0, 1)).div(temperature); // [2 B, 2 B]
  // No view is its own partner.
  const logits = sub(cosines, mul(eye(2 * batch), 1e9));
  const partner = concat([range(2 * batch, { start: batch }), range(batch)], { axis: 0 }); // [2 B]
  return crossEntropy(logits, partner);
}
