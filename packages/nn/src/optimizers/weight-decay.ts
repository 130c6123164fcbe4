/** Weight decay, both kinds: a term of the gradient, and decoupled from it. Loshchilov and Hutter 2019, arXiv:1711.05101. */

import type { Cell, Tensor } from "@dl/core";

/** The gradient with its term: g + λθ. */
export function withDecay(gradient: Tensor, { parameter, weightDecay }: { parameter: Cell; weightDecay: number }): Tensor {
  return weightDecay === 0 ? gradient : gradient.add(parameter.value.mul(weightDecay));
}

/** Decoupled: θ ← θ·(1 − ηλ). */
export function shrink(parameter: Cell, { learningRate, weightDecay }: { learningRate: number; weightDecay: number }): void {
  if (weightDecay !== 0) parameter.set(parameter.value.mul(1 - learningRate * weightDecay));
}
