/** Multi-head attention. Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2; grouped queries: Ainslie et al. 2023, arXiv:2305.13245. */

import { attention, dropout, formatShape, OptionError, type Rng, ShapeError, type Tensor } from "@dl/core";
import { checkMode, type Mode } from "../mode.ts";
import { Module } from "../module.ts";
import { checkCounts, checkDropout, checkRng } from "./check-options.ts";
import { Linear } from "./linear.ts";

export interface MultiHeadAttentionOptions {
  /** Length of the vectors in and out. */
  size: number;
  heads: number;
  /** Heads of keys and values; each serves heads / keyHeads queries. Default `heads`. */
  keyHeads?: number;
  /** Default size / heads. */
  headSize?: number;
  /** Length of the context's vectors. Default `size`. */
  contextSize?: number;
  /** Dropout rate on the attention weights. Default 0. */
  dropout?: number;
  /** Default true. */
  bias?: boolean;
  rng: Rng;
}

export interface AttendOptions {
  /** What keys and values are made of: `[B, S, contextSize]`. Default x itself. */
  context?: Tensor;
  /** Bool, true where attention is allowed: `[B, S]` for padding, `[B, T, S]`, or any that broadcasts to `[B, H, T, S]`. Default all. */
  mask?: Tensor;
  /** Hide the future. Default false. */
  causal?: boolean;
}

export class MultiHeadAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly heads: number;
  readonly keyHeads: number;
  readonly dropout: number;

  constructor({
    size,
    heads,
    keyHeads = heads,
    headSize = size / heads,
    contextSize = size,
    dropout = 0,
    bias = true,
    rng,
  }: MultiHeadAttentionOptions) {
    super();
    checkCounts("MultiHeadAttention", { size, heads, keyHeads, contextSize });
    checkDropout("MultiHeadAttention", dropout);
    checkRng("MultiHeadAttention", rng);
    if (!Number.isInteger(headSize) || heads % keyHeads !== 0) {
      throw new OptionError(
        `MultiHeadAttention: expected heads that divide size ${size}, and keyHeads that divide heads, got ${heads} and ${keyHeads}.`,
      );
    }
    this.query = new Linear({ inputs: size, outputs: heads * headSize, bias, rng: rng.fork("query") });
    this.key = new Linear({ inputs: contextSize, outputs: keyHeads * headSize, bias, rng: rng.fork("key") });
    this.value = new Linear({ inputs: contextSize, outputs: keyHeads * headSize, bias, rng: rng.fork("value") });
    this.output = new Linear({ inputs: heads * headSize, outputs: size, bias, rng: rng.fork("output") });
    this.heads = heads;
    this.keyHeads = keyHeads;
    this.dropout = dropout;
  }

  /** `[B, T, size]` → `[B, T, size]`. */
  forward(x: Tensor, mode: Mode, { context = x, mask, causal = false }: AttendOptions = {}): Tensor {
    checkMode("MultiHeadAttention", mode);
    // B batch, T time, S context time, H heads, K key heads, D head size
    const query = splitHeads(this.query.forward(x), this.heads); // [B, H, T, D]
    const key = splitHeads(this.key.forward(context), this.keyHeads); // [B, K, S, D]
    const value = splitHeads(this.value.forward(context), this.keyHeads); // [B, K, S, D]
    const { dropout: rate } = this;
    const attended = attention(
      query,
      { key, value },
      {
        causal,
        mask: mask && alignMask(mask),
        onWeights: mode.training && rate > 0 ? (weights) => dropout(weights, { rate, rng: mode.rng }) : undefined,
      },
    ); // [B, H, T, D]
    const [batch, , time, headSize] = attended.shape;
    return this.output.forward(attended.transpose([0, 2, 1, 3]).reshape([batch!, time!, this.heads * headSize!]));
  }
}

/** `[B, T, H·D]` → `[B, H, T, D]`. */
function splitHeads(x: Tensor, heads: number): Tensor {
  if (x.rank !== 3)
    throw new ShapeError(`MultiHeadAttention: expected sequences [B, T, size], got ${formatShape(x.shape)} after projection.`);
  const [batch, time, width] = x.shape;
  return x.reshape([batch!, time!, heads, width! / heads]).transpose([0, 2, 1, 3]);
}

/** Puts the axes a short mask leaves out where `[B, H, T, S]` has them. */
function alignMask(mask: Tensor): Tensor {
  if (mask.rank === 2) return mask.reshape([mask.shape[0]!, 1, 1, mask.shape[1]!]);
  if (mask.rank === 3) return mask.reshape([mask.shape[0]!, 1, mask.shape[1]!, mask.shape[2]!]);
  return mask;
}
