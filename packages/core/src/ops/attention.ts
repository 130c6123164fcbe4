/** Scaled dot-product attention. Vaswani et al. 2017, arXiv:1706.03762, equation 1. */

import { ShapeError } from "../errors.ts";
import { differentiableJointly, isRecorded } from "../recording.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireDType, requireFloat } from "./apply.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { broadcastTo, repeat } from "./broadcast.ts";
import { greaterEqual, logicalAnd, where } from "./comparison.ts";
import { fill, range } from "./creation.ts";
import { fusedKernel, fusedResult } from "./fused.ts";
import { matmul } from "./matmul.ts";
import { any, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { softmax } from "./softmax.ts";

export interface AttentionOptions {
  /** Hide the future: row t sees columns ≤ t + S − T. Default false. */
  readonly causal?: boolean;
  /** Bool, broadcast to `[B, H, T, S]`: true where attention is allowed. */
  readonly mask?: Tensor | undefined;
  /** Float, broadcast to `[B, H, T, S]`, added to the scores: relative position biases. */
  readonly bias?: Tensor | undefined;
  /** Default 1/√D. */
  readonly scale?: number;
  /** Applied to the weights `[B, H, T, S]` before they meet the values: dropout. */
  readonly onWeights?: ((weights: Tensor) => Tensor) | undefined;
}

/**
 * @param query       `[B, H, T, D]`
 * @param keysValues  `key` and `value`, `[B, K, S, D]` where K divides H: head h reads key head ⌊h·K/H⌋ (grouped queries)
 * @returns `[B, H, T, D]`. A row that may see nothing gives zeros.
 */
export function attention(query: Tensor, { key, value }: { key: Tensor; value: Tensor }, options: AttentionOptions = {}): Tensor {
  // B batch, H heads, T time, D head size, K key heads, S key time
  requireFloat("attention", query, key, value);
  const [batch, heads, time, size] = query.shape as readonly [number, number, number, number];
  const [, keyHeads, keyTime] = key.shape as readonly [number, number, number, number];
  const fits = query.rank === 4 && key.rank === 4 && key.shape[0] === batch && key.shape[3] === size && heads % keyHeads === 0;
  if (!fits || value.rank !== 4 || value.shape.some((length, i) => i < 3 && length !== key.shape[i])) {
    throw new ShapeError(
      `attention: expected query [B, H, T, D], key [B, K, S, D] and value [B, K, S, D] with K dividing H, got ${[query, key, value].map(({ shape }) => formatShape(shape)).join(", ")}.`,
    );
  }
  if (options.mask) requireDType("attention: mask", "bool", options.mask);
  const { causal = false, mask, bias, onWeights, scale = 1 / Math.sqrt(size) } = options;
  const kernel = fusedKernel("attention");
  const composed = (): Tensor => composedAttention(query, { key, value }, { causal, mask, bias, onWeights, scale });
  if (!kernel || mask || bias || onWeights || value.shape[3] !== size) return composed();

  const problem = { batch, heads, keyHeads, time, keyTime, size, scale, causal };
  const buffers = kernel(query, key, value, problem);
  const y = fusedResult(buffers.y, query);
  const logSumExp = fusedResult(buffers.logSumExp, { shape: [batch, heads, time], dtype: query.dtype });
  return differentiableJointly(y, [query, key, value], (g, needed) => {
    const gradient = fusedKernel("attentionGradient");
    if (gradient && !isRecorded(g, query, key, value)) {
      const { dquery, dkey, dvalue } = gradient(g, { query, key, value, y, logSumExp }, problem);
      return [fusedResult(dquery, query), fusedResult(dkey, key), fusedResult(dvalue, value)];
    }
    return composedGradient(g, { query, key, value }, { causal, scale, needed });
  });
}

function composedAttention(
  query: Tensor,
  { key, value }: { key: Tensor; value: Tensor },
  options: AttentionOptions & { scale: number },
): Tensor {
  const weights = attentionWeights(query, perQueryHead(key, query), options);
  return matmul(options.onWeights ? options.onWeights(weights) : weights, perQueryHead(value, query));
}

/** Key heads repeated, one for each query head: `[B, K, S, D]` → `[B, H, S, D]`. */
function perQueryHead(x: Tensor, query: Tensor): Tensor {
  const groups = query.shape[1]! / x.shape[1]!;
  return groups === 1 ? x : repeat(x, groups, { axis: 1 });
}

/** `[B, H, T, S]`, each row summing to 1, or to 0 where it may see nothing. */
function attentionWeights(query: Tensor, keys: Tensor, { causal, mask, bias, scale }: AttentionOptions & { scale: number }): Tensor {
  const [time, keyTime] = [query.shape[2]!, keys.shape[2]!];
  let scores = mul(matmul(query, keys, { transposeB: true }), scale); // [B, H, T, S]
  if (bias) scores = add(scores, bias);
  let allowed = mask;
  if (causal) {
    const past = greaterEqual(reshape(range(time), [time, 1]).add(keyTime - time), range(keyTime)); // [T, S]
    allowed = allowed ? logicalAnd(allowed, past) : past;
  }
  if (!allowed) return softmax(scores);
  const hidden = where(allowed, scores, fill([], -Infinity, { dtype: scores.dtype }));
  // A row that sees nothing would be 0/0: its weights are zero.
  const seen = any(broadcastTo(allowed, scores.shape), -1, { keepDims: true });
  const zero = fill([], 0, { dtype: scores.dtype });
  return where(seen, softmax(where(seen, hidden, zero)), zero);
}

/** What the fused gradient computes, in operations: it can be differentiated again. */
function composedGradient(
  g: Tensor,
  { query, key, value }: { query: Tensor; key: Tensor; value: Tensor },
  { needed, ...options }: { causal: boolean; scale: number; needed: readonly boolean[] },
): (Tensor | null)[] {
  const keys = perQueryHead(key, query);
  const weights = attentionWeights(query, keys, options); // [B, H, T, S]
  const byWeights = matmul(g, perQueryHead(value, query), { transposeB: true });
  const inner = sum(mul(byWeights, weights), -1, { keepDims: true });
  const byScores = mul(mul(weights, sub(byWeights, inner)), options.scale);
  // Query heads that share a key head add up in it.
  const perKeyHead = (x: Tensor): Tensor =>
    sameShape(x.shape, key.shape) ? x : sum(reshape(x, [key.shape[0]!, key.shape[1]!, -1, key.shape[2]!, x.shape[3]!]), 2);
  return [
    needed[0] ? matmul(byScores, keys) : null,
    needed[1] ? perKeyHead(matmul(byScores, query, { transposeA: true })) : null,
    needed[2] ? perKeyHead(matmul(weights, g, { transposeA: true })) : null,
  ];
}
