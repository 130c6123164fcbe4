/** Decoupled weight decay: θ ← θ·(1 − ηλ). Loshchilov and Hutter 2019, arXiv:1711.05101. */

import type { Cell } from "@dl/core";

export function shrink(parameter: Cell, { learningRate, weightDecay }: { learningRate: number; weightDecay: number }): void {
  if (weightDecay !== 0) parameter.set(parameter.value.mul(1 - learningRate * weightDecay));
}
