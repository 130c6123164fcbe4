/** One vector for a text, and how encoders learn good ones from texts alone. Reimers and Gurevych 2019, arXiv:1908.10084; Gao et al. 2021, SimCSE, arXiv:2104.08821. */

import { formatShape, maximum, OptionError, type Scalar, ShapeError, sum, type Tensor } from "@dl/core";
import { infoNce, type Mode, training } from "@dl/nn";

/**
 * The mean of the vectors of real tokens. Reimers and Gurevych 2019, section 3.
 *
 * @param hidden  `[B, T, C]`
 * @param mask    `[B, T]` bool, true at real tokens. Default: all are real.
 * @returns `[B, C]`
 * @example
 * meanPooled(tensor([[[1, 2], [3, 4], [9, 9]]]), tensor([[1, 1, 0]], { dtype: "bool" })); // [[2, 3]]
 */
export function meanPooled(hidden: Tensor, mask?: Tensor): Tensor {
  const [batch, time] = hidden.shape;
  if (hidden.rank !== 3 || (mask && (mask.shape[0] !== batch || mask.shape[1] !== time))) {
    throw new ShapeError(
      `meanPooled: expected hidden [B, T, C] and a mask [B, T], got ${formatShape(hidden.shape)}${mask ? ` and ${formatShape(mask.shape)}` : ""}.`,
    );
  }
  if (mask === undefined) return sum(hidden, 1).div(time!);
  const weights = mask.cast("float32").reshape([batch!, time!, 1]);
  // A row of padding alone has the zero vector.
  return sum(hidden.mul(weights), 1).div(maximum(sum(weights, 1), 1));
}

export interface SimCseOptions {
  mode: Mode;
  /** Divides the cosines. Default 0.05, the paper's. */
  temperature?: number;
}

/**
 * Unsupervised SimCSE: each text is encoded twice, and dropout alone makes the difference; a text must find itself among the batch's others.
 *
 * @param encode  Texts → vectors `[B, C]`, with dropout in the mode it is given: `(mode) => meanPooled(encoder.forward(input, mode), input.mask)`
 * @throws OptionError in inference, where both would be the same.
 */
export function simCseLoss(encode: (mode: Mode) => Tensor, { mode, temperature = 0.05 }: SimCseOptions): Scalar {
  if (!mode.training)
    throw new OptionError("simCseLoss: expected training(rng), got inference: without dropout both vectors of a text are the same.");
  const first = encode(training(mode.rng.fork("first")));
  const second = encode(training(mode.rng.fork("second")));
  return infoNce(first, second, { temperature });
}
