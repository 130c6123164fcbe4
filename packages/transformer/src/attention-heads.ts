/** Attention over several heads, from projections to projections. Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2. */

import { attention, dropout, formatShape, ShapeError, type Tensor } from "@dl/core";
import type { Mode } from "@dl/nn";

export interface HeadsOptions {
  readonly mode: Mode;
  /** Hide the future: row t sees columns ≤ t + S − T. Default false. */
  readonly causal?: boolean | undefined;
  /** Bool, broadcast to `[B, H, T, S]`; true where attention is allowed. Default all. */
  readonly mask?: Tensor | undefined;
  /** Float, broadcast to `[B, H, T, S]`, added to the scores. Default none. */
  readonly bias?: Tensor | undefined;
  /** Default 1/√D. */
  readonly scale?: number | undefined;
  /** Rate, on the weights. Default 0. */
  readonly dropout?: number | undefined;
  /** The weights `[B, H, T, S]` before dropout are added to it. Default: they are not kept. */
  readonly weights?: Tensor[] | undefined;
}

/** `[B, T, H·D]` → `[B, H, T, D]` */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, time, size] = x.shape;
  if (x.rank !== 3 || size! % heads !== 0) {
    throw new ShapeError(`splitHeads: expected [B, T, ${heads} heads · D], got ${formatShape(x.shape)}.`);
  }
  return x.reshape([batch!, time!, heads, size! / heads]).transpose([0, 2, 1, 3]);
}

/** `[B, H, T, D]` → `[B, T, H·D]` */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, time, size] = x.shape;
  return x.transpose([0, 2, 1, 3]).reshape([batch!, time!, heads! * size!]);
}

/**
 * @param query       `[B, H, T, D]`
 * @param keysValues  `[B, K, S, D]` each, K dividing H
 * @returns `[B, T, H·D]`
 */
export function attendHeads(query: Tensor, keysValues: { key: Tensor; value: Tensor }, options: HeadsOptions): Tensor {
  const { mode, causal = false, mask, bias, scale, dropout: rate = 0, weights } = options;
  const drops = mode.training && rate > 0;
  const onWeights = (attended: Tensor): Tensor => {
    weights?.push(attended);
    return drops ? dropout(attended, { rate, rng: mode.rng }) : attended;
  };
  const y = attention(query, keysValues, {
    causal,
    mask,
    bias,
    onWeights: drops || weights ? onWeights : undefined,
    ...(scale !== undefined && { scale }),
  }); // [B, H, T, D]
  return mergeHeads(y);
}
