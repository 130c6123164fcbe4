/** A gradient of one's own for every ReLU, while some work runs: guided backpropagation is one. Springenberg et al. 2015, arXiv:1412.6806. */

import type { Tensor } from "../tensor.ts";

/** From the gradient of a ReLU's output, and the output, the gradient of its input. */
export type ReluRule = (gradient: Tensor, output: Tensor) => Tensor;

let rule: ReluRule | null = null;

/**
 * Runs `work`; gradients that are taken inside it go back through each ReLU by `replacement`, also through those within convolutions and dense layers.
 *
 * @example
 * // Guided backpropagation: only what is positive both ways passes.
 * const x = tensor([-1, 2]);
 * const guided = withReluRule((g, y) => where(greater(y, 0), relu(g), zerosLike(g)), () => grad(() => relu(x).mul(tensor([1, -3])).sum(), [x])[0]!);
 * guided; // [0, 0]
 */
export function withReluRule<T>(replacement: ReluRule, work: () => T): T {
  const before = rule;
  rule = replacement;
  try {
    return work();
  } finally {
    rule = before;
  }
}

/** @internal The rule in force. */
export function currentReluRule(): ReluRule | null {
  return rule;
}
