/** Normalisation of rows and of channels. */

import { stopGradient } from "../custom-gradient.ts";
import { ShapeError } from "../errors.ts";
import { differentiableJointly, isRecorded } from "../recording.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireFloat } from "./apply.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { rsqrt, square } from "./elementwise.ts";
import { fusedKernel, fusedResult, rowsOf } from "./fused.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export interface NormalizationOptions {
  /** `[C]`, or for `layerNorm` the shape of the last axes together; multiplied last but one. */
  readonly weight: Tensor;
  /** As `weight`; added last. */
  readonly bias: Tensor;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

function checkVectors(where: string, channels: number, ...vectors: readonly Tensor[]): void {
  for (const { rank, shape } of vectors) {
    if (rank !== 1 || shape[0] !== channels)
      throw new ShapeError(`${where}: expected weight and bias of shape [${channels}], got ${formatShape(shape)}.`);
  }
}

/** Several last axes as one; undefined when `weight` has but one. */
function lastAxesFlat(where: string, x: Tensor, vectors: readonly Tensor[]): { rows: Tensor; vectors: Tensor[] } | undefined {
  const { shape, rank, size } = vectors[0]!;
  if (rank < 2) return undefined;
  const last = x.shape.slice(-rank);
  for (const vector of [{ shape: last }, ...vectors]) {
    if (x.rank < rank || !sameShape(vector.shape, shape)) {
      throw new ShapeError(
        `${where}: expected weight and bias of the last ${rank} axes of x, ${formatShape(last)}, got ${vectors.map((one) => formatShape(one.shape)).join(" and ")}.`,
      );
    }
  }
  return { rows: reshape(x, [...x.shape.slice(0, -rank), size]), vectors: vectors.map((vector) => reshape(vector, [size])) };
}

/** (x − mean)/√(variance + ε)·weight + bias over the last axis, or the last axes of `weight`'s shape: `[…, C]`. Ba et al. 2016, arXiv:1607.06450. */
export function layerNorm(x: Tensor, { weight, bias, epsilon = 1e-5 }: NormalizationOptions): Tensor {
  requireFloat("layerNorm", x, weight, bias);
  const flattened = lastAxesFlat("layerNorm", x, [weight, bias]);
  if (flattened) {
    const [flatWeight, flatBias] = flattened.vectors as [Tensor, Tensor];
    return reshape(layerNorm(flattened.rows, { weight: flatWeight, bias: flatBias, epsilon }), x.shape);
  }
  const { rows, length } = rowsOf(x);
  checkVectors("layerNorm", length, weight, bias);
  const kernel = fusedKernel("layerNorm");
  if (!kernel) return add(mul(normalizeRows(x, epsilon), weight), bias);
  const buffers = kernel(x, weight, bias, { rows, length, epsilon });
  const y = fusedResult(buffers.y, x);
  const saved = {
    mean: fusedResult(buffers.mean, { shape: [rows], dtype: x.dtype }),
    rstd: fusedResult(buffers.rstd, { shape: [rows], dtype: x.dtype }),
  };
  return differentiableJointly(y, [x, weight, bias], (g, needed) => {
    const gradient = fusedKernel("layerNormGradient");
    if (gradient && !isRecorded(g, x, weight)) {
      const { dx, dweight, dbias } = gradient(g, { x, weight, ...saved }, { rows, length });
      return [fusedResult(dx, x), fusedResult(dweight, weight), fusedResult(dbias, bias)];
    }
    const flatGradient = reshape(g, [rows, length]);
    const flat = reshape(x, [rows, length]);
    const centred = sub(flat, mean(flat, 1, { keepDims: true }));
    const rstd = rsqrt(add(mean(square(centred), 1, { keepDims: true }), epsilon));
    return normalizationGradient(flatGradient, { xhat: mul(centred, rstd), rstd, weight, axis: 1, needed, shape: x.shape });
  });
}

/** The gradient of normalisation by x, weight and bias. Ioffe and Szegedy 2015, section 3; along `axis` the statistics were taken. */
function normalizationGradient(
  g: Tensor,
  {
    xhat,
    rstd,
    weight,
    axis,
    needed,
    shape,
  }: { xhat: Tensor; rstd: Tensor; weight: Tensor; axis: 0 | 1; needed: readonly boolean[]; shape: readonly number[] },
): (Tensor | null)[] {
  const scaled = mul(g, weight);
  const centred = (): Tensor =>
    sub(sub(scaled, mean(scaled, axis, { keepDims: true })), mul(xhat, mean(mul(scaled, xhat), axis, { keepDims: true })));
  return [needed[0] ? reshape(mul(centred(), rstd), shape) : null, needed[1] ? sum(mul(g, xhat), 0) : null, needed[2] ? sum(g, 0) : null];
}

/** (x − mean)/√(variance + ε) over the last axis, without weight and bias. */
export function normalizeRows(x: Tensor, epsilon = 1e-5): Tensor {
  const centred = sub(x, mean(x, -1, { keepDims: true }));
  return mul(centred, rsqrt(add(mean(square(centred), -1, { keepDims: true }), epsilon)));
}

/** x/√(mean(x²) + ε)·weight over the last axis, or the last axes of `weight`'s shape. Zhang and Sennrich 2019, arXiv:1910.07467. */
export function rmsNorm(x: Tensor, { weight, epsilon = 1e-6 }: { weight: Tensor; epsilon?: number }): Tensor {
  requireFloat("rmsNorm", x, weight);
  const flattened = lastAxesFlat("rmsNorm", x, [weight]);
  if (flattened) return reshape(rmsNorm(flattened.rows, { weight: flattened.vectors[0]!, epsilon }), x.shape);
  checkVectors("rmsNorm", rowsOf(x).length, weight);
  return mul(mul(x, rsqrt(add(mean(square(x), -1, { keepDims: true }), epsilon))), weight);
}

/** What `batchNorm` gives: the result, and the statistics of this batch for the running ones. */
export interface BatchNormResult {
  readonly y: Tensor;
  /** `[C]`; constants, no gradient flows through them. */
  readonly mean: Tensor;
  /** `[C]`, biased (divided by the count). */
  readonly variance: Tensor;
}

/** Normalisation by the statistics of the batch, per channel: `[…, C]`. Ioffe and Szegedy 2015, arXiv:1502.03167. */
export function batchNorm(x: Tensor, { weight, bias, epsilon = 1e-5 }: NormalizationOptions): BatchNormResult {
  requireFloat("batchNorm", x, weight, bias);
  const { rows, length: channels } = rowsOf(x);
  checkVectors("batchNorm", channels, weight, bias);
  const kernel = fusedKernel("batchNorm");
  if (!kernel) return composedBatchNorm(x, { weight, bias, epsilon });
  const buffers = kernel(x, weight, bias, { rows, channels, epsilon });
  const y = fusedResult(buffers.y, x);
  const batchMean = fusedResult(buffers.mean, { shape: [channels], dtype: x.dtype });
  const variance = fusedResult(buffers.variance, { shape: [channels], dtype: x.dtype });
  const result = differentiableJointly(y, [x, weight, bias], (g, needed) => {
    const gradient = fusedKernel("batchNormGradient");
    if (gradient && !isRecorded(g, x, weight)) {
      const { dx, dweight, dbias } = gradient(g, { x, weight, mean: batchMean, variance }, { rows, channels, epsilon });
      return [fusedResult(dx, x), fusedResult(dweight, weight), fusedResult(dbias, bias)];
    }
    const flat = reshape(x, [rows, channels]);
    const centred = sub(flat, mean(flat, 0, { keepDims: true }));
    const rstd = rsqrt(add(mean(square(centred), 0, { keepDims: true }), epsilon));
    return normalizationGradient(reshape(g, [rows, channels]), { xhat: mul(centred, rstd), rstd, weight, axis: 0, needed, shape: x.shape });
  });
  return { y: result, mean: batchMean, variance };
}

function composedBatchNorm(x: Tensor, { weight, bias, epsilon }: Required<NormalizationOptions>): BatchNormResult {
  const flat = reshape(x, [sizeOf(x.shape.slice(0, -1)), -1]);
  const batchMean = mean(flat, 0);
  const centred = sub(flat, batchMean);
  const variance = mean(square(centred), 0);
  const y = add(mul(mul(centred, rsqrt(add(variance, epsilon))), weight), bias);
  return { y: reshape(y, x.shape), mean: stopGradient(batchMean), variance: stopGradient(variance) };
}
