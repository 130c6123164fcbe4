/** Which inputs a stack of attention layers looks at, layer upon layer. Abnar & Zuidema 2020, arXiv:2005.00928, section 3. */

import { add, eye, fill, matmul, max, mean, OptionError, ShapeError, scope, sum, type Tensor, where } from "@dl/core";

export interface AttentionRolloutOptions {
  /** How the heads of a layer become one. Default `mean`. */
  readonly heads?: "mean" | "max";
  /** Share of the identity in each layer, for the residual path; from 0 up to, not including, 1. Default 0.5. */
  readonly residual?: number;
}

/**
 * Rows that add up to 1: how much of each input position is in each output position, `[B, T, T]`. A position that attends to nothing, such as
 * padding on the left under a causal mask, holds itself.
 *
 * @param weights  Attention weights of each layer, `[B, H, T, T]`, from the first to the last.
 * @example
 * attentionRollout([tensor([[[[1, 0], [0.5, 0.5]]]])]); // [[[1, 0], [0.25, 0.75]]]
 */
export function attentionRollout(weights: readonly Tensor[], { heads = "mean", residual = 0.5 }: AttentionRolloutOptions = {}): Tensor {
  const first = weights[0];
  if (first === undefined) throw new OptionError("attentionRollout: expected the weights of at least one layer, got none.");
  if (!(residual >= 0 && residual < 1))
    throw new OptionError(`attentionRollout: expected a residual from 0 to 1, 1 excluded, got ${residual}.`);
  if (heads !== "mean" && heads !== "max") throw new OptionError(`attentionRollout: expected heads mean or max, got ${String(heads)}.`);
  for (const [layer, { shape }] of weights.entries()) {
    if (shape.length !== 4 || shape[2] !== shape[3] || shape[0] !== first.shape[0] || shape[3] !== first.shape[3]) {
      throw new ShapeError(`attentionRollout: expected weights [B, H, T, T] of one B and T, got [${shape.join(", ")}] in layer ${layer}.`);
    }
  }
  return scope(() => {
    const identity = eye(first.shape[3]!).cast(first.dtype);
    return weights
      .map((layer) => {
        const fused = heads === "mean" ? mean(layer, 1) : max(layer, 1); // [B, T, T]
        const whole = sum(fused, -1, { keepDims: true }); // [B, T, 1]
        const seesNothing = whole.equal(0);
        const normal = fused.div(where(seesNothing, fill([], 1, { dtype: whole.dtype }), whole));
        return where(seesNothing, identity, add(normal.mul(1 - residual), identity.mul(residual)));
      })
      .reduce((below, layer) => matmul(layer, below));
  });
}
