/** Muon: momentum, orthogonalised by Newton–Schulz steps, for hidden matrices. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/ */

import { matmul, norm, OptionError, type Tensor, transpose } from "@dl/core";
import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { shrink } from "./weight-decay.ts";

export interface MuonOptions extends CommonOptions {
  /** Decay of the running mean of gradients. Default 0.95. */
  momentum?: number;
  /** Looks ahead along the momentum. Default true. */
  nesterov?: boolean;
  /** Parameters shrink by learningRate · weightDecay a step. Default 0. */
  weightDecay?: number;
  /** Newton–Schulz iterations. Default 5. */
  iterations?: number;
}

/**
 * For weights of two axes and more: linear `[in, out]`, convolution `[kh, kw, in, out]` (as `[kh·kw·in, out]`).
 * Give embeddings, heads, biases and gains to AdamW, and both to `MultiOptimizer`.
 */
export class Muon extends Optimizer<Required<MuonOptions>> {
  constructor(
    trainable: Trainable<Required<MuonOptions>>,
    { learningRate, momentum = 0.95, nesterov = true, weightDecay = 0, iterations = 5 }: MuonOptions,
  ) {
    super(trainable, { learningRate, momentum, nesterov, weightDecay, iterations });
    for (const { shape } of this.groups.flatMap(({ parameters }) => parameters)) {
      if (shape.length < 2) {
        throw new OptionError(`Muon: expected parameters of at least two axes, got shape [${shape.join(", ")}]. Give vectors to AdamW.`);
      }
    }
  }

  protected slotNames(): readonly string[] {
    return ["momentum"];
  }

  protected updateParameter({ parameter, gradient, slots, options, learningRate }: ParameterUpdate<Required<MuonOptions>>): void {
    const { momentum, nesterov, weightDecay, iterations } = options;
    const average = slots.momentum!;
    average.set(average.value.mul(momentum).add(gradient.mul(1 - momentum)));
    const direction = nesterov ? gradient.mul(1 - momentum).add(average.value.mul(momentum)) : average.value;

    const outputs = parameter.shape.at(-1)!;
    const inputs = parameter.size / outputs;
    const orthogonal = orthogonalize(direction.reshape([inputs, outputs]), iterations).reshape(parameter.shape);
    shrink(parameter, { learningRate, weightDecay });
    // Matrices with more outputs than inputs get longer steps, so that every output moves alike.
    parameter.set(parameter.value.sub(orthogonal.mul(learningRate * Math.sqrt(Math.max(1, outputs / inputs)))));
  }
}

/** Moves every singular value of a matrix close to 1: x ← ax + (bA + cA²)x with A = xxᵀ. */
export function orthogonalize(matrix: Tensor, iterations: number): Tensor {
  // Chosen for the steepest slope at 0 with convergence into [0.7, 1.2]; from the post above.
  const [a, b, c] = [3.4445, -4.775, 2.0315];
  const tall = matrix.shape[0]! > matrix.shape[1]!;
  let x = tall ? transpose(matrix) : matrix; // the smaller of xxᵀ and xᵀx
  x = x.div(norm(x).add(1e-7));
  for (let i = 0; i < iterations; i++) {
    const square = matmul(x, x, { transposeB: true });
    x = x.mul(a).add(square.mul(b).add(matmul(square, square).mul(c)).matmul(x));
  }
  return tall ? transpose(x) : x;
}
