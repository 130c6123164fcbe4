/**
 * What one layer has to say of each example's gradient: its length, and the sum of all with a weight each. Neither needs the gradients
 * one by one. Goodfellow 2015, arXiv:1510.01799; Li et al. 2022, "ghost clipping", arXiv:2110.05679; Bu et al. 2023, arXiv:2210.00038.
 */

import { add, fill, greater, matmul, maximum, mul, reshape, sum, type Tensor, where } from "@dl/core";
import type { Parameter } from "@dl/nn";

/** One call of a layer: what went in, what came out, and the gradient of the loss by what came out. The first axis is the examples'. */
export interface LayerCall {
  readonly input: Tensor;
  readonly output: Tensor;
  readonly gradient: Tensor;
}

/** The parts of a gradient that one layer's parameters have. */
export interface LayerGradients {
  /** `[B]`: each example's ‖gradient‖² by the layer's parameters. */
  readonly squaredNorms: Tensor;
  /** Σ weights[b] · gradient of example b, by parameter; `weights` is `[B]`. */
  weightedSum(weights: Tensor): ReadonlyMap<Parameter, Tensor>;
}

/** `x` as `[B, T, C]`: everything between the examples and the last axis is one axis. */
export function asRows(x: Tensor): Tensor {
  return reshape(x, [x.shape[0]!, -1, x.shape[x.rank - 1]!]);
}

/** The gradient before a ReLU that the layer applied itself. */
export function throughActivation({ gradient, output }: LayerCall, activation: "relu" | undefined): Tensor {
  if (activation === undefined) return gradient;
  return where(greater(output, 0), gradient, fill([], 0, { dtype: gradient.dtype }));
}

/** Σ over all axes but the first. */
export function sumPerExample(x: Tensor): Tensor {
  return x.rank === 1 ? x : sum(reshape(x, [x.shape[0]!, -1]), 1);
}

/** A squared length that is a sum of terms of both signs: where they cancel, rounding may leave it below 0, and its root would be NaN. */
export function notBelowZero(squaredNorms: Tensor): Tensor {
  return maximum(squaredNorms, 0);
}

/** `x [B, …]` with example b times `weights[b]`. */
export function weighExamples(x: Tensor, weights: Tensor): Tensor {
  return mul(x, reshape(weights, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)]));
}

/**
 * A matrix that rows are multiplied with: `inputs [B, T, in]` went in, `gradients [B, T, out]` came back, and the gradient of example b
 * is Σₜ inputs[b, t]ᵀ gradients[b, t].
 */
export function matrixRule(
  inputs: Tensor,
  gradients: Tensor,
  { weight, bias }: { weight: Parameter; bias: Parameter | undefined },
): LayerGradients {
  // B examples, T rows, I inputs, O outputs
  const [, rows, ins] = inputs.shape as readonly [number, number, number];
  const outs = gradients.shape[2]!;
  const ofWeight = (): Tensor => {
    // One row: the matrix is a product of two vectors, and so is its length.
    if (rows === 1) return mul(sumPerExample(mul(inputs, inputs)), sumPerExample(mul(gradients, gradients)));
    // Few rows: ‖Σₜ xₜᵀgₜ‖² = Σₜₛ (xₜ·xₛ)(gₜ·gₛ), from two T × T tables instead of an I × O matrix.
    if (rows * rows < ins * outs) {
      const tables = mul(matmul(inputs, inputs, { transposeB: true }), matmul(gradients, gradients, { transposeB: true })); // [B, T, T]
      return notBelowZero(sumPerExample(tables));
    }
    const each = matmul(inputs, gradients, { transposeA: true }); // [B, I, O]
    return sumPerExample(mul(each, each));
  };
  const ofBias = (): Tensor => {
    const each = sum(gradients, 1); // [B, O]
    return sumPerExample(mul(each, each));
  };
  return {
    squaredNorms: bias === undefined ? ofWeight() : add(ofWeight(), ofBias()),
    weightedSum: (weights) => {
      const weighed = reshape(weighExamples(gradients, weights), [-1, outs]); // [B·T, O]
      const matrix = matmul(reshape(inputs, [-1, ins]), weighed, { transposeA: true }); // [I, O]
      const sums = new Map([[weight, reshape(matrix, weight.shape)]]);
      if (bias) sums.set(bias, sum(weighed, 0));
      return sums;
    },
  };
}

/** A scale and a shift of channels: `normal [B, T, C]` was multiplied by weight, and `gradients` came back. */
export function scaleRule(
  normal: Tensor,
  gradients: Tensor,
  { weight, bias }: { weight: Parameter; bias: Parameter | undefined },
): LayerGradients {
  const byWeight = sum(mul(normal, gradients), 1); // [B, C]
  const byBias = bias && sum(gradients, 1); // [B, C]
  const ofWeight = sumPerExample(mul(byWeight, byWeight));
  return {
    squaredNorms: byBias ? add(ofWeight, sumPerExample(mul(byBias, byBias))) : ofWeight,
    weightedSum: (weights) => {
      const sums = new Map([[weight, reshape(sum(weighExamples(byWeight, weights), 0), weight.shape)]]);
      if (bias && byBias) sums.set(bias, reshape(sum(weighExamples(byBias, weights), 0), bias.shape));
      return sums;
    },
  };
}
