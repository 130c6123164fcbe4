/** Gradients along the way from a baseline to the input. Sundararajan, Taly & Yan 2017, arXiv:1703.01365. */

import { add, argmax, div, formatShape, mul, OptionError, ShapeError, sameShape, scope, sub, type Tensor, zerosLike } from "@dl/core";
import { fold } from "../freeing-loops.ts";
import type { ChosenTarget, Forward, TargetOptions } from "../target.ts";
import { inputGradient } from "./gradient.ts";

export interface IntegratedGradientsOptions extends TargetOptions {
  readonly forward: Forward;
  /** Where nothing is to be seen: black, grey, noise; of the inputs' shape or broadcast to it. Default zeros. */
  readonly baseline?: Tensor;
  /** Points on the way, in the middles of equal steps. Default 50. */
  readonly steps?: number;
}

/**
 * (x − x′) · mean gradient along the straight line from x′ to x, of the inputs' shape.
 * Complete: it adds up to score(x) − score(x′), but for the steps' error, which goes as 1 ÷ steps².
 *
 * @throws ShapeError for a baseline that does not fit the inputs.
 * @example
 * const inputs = tensor([[3, 2]]);
 * integratedGradients(inputs, { forward: (x) => x.square(), target: 0 }); // [[9, 0]]
 */
export function integratedGradients(inputs: Tensor, options: IntegratedGradientsOptions): Tensor {
  const { forward, baseline = zerosLike(inputs), steps = 50 } = options;
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`integratedGradients: expected at least 1 step, got ${steps}.`);
  const way = sub(inputs, baseline);
  if (!sameShape(way.shape, inputs.shape)) {
    throw new ShapeError(
      `integratedGradients: expected a baseline of the inputs' shape ${formatShape(inputs.shape)}, or one that broadcasts to it, got ${formatShape(baseline.shape)}.`,
    );
  }
  // The class that is best at the input is not always best on the way to it.
  const { target } = options;
  const which: ChosenTarget = target === undefined ? { chosen: scope(() => argmax(forward(inputs), -1)) } : { target };
  const term = (step: number): Tensor => {
    const point = add(baseline, mul(way, (step + 0.5) / steps));
    return inputGradient("integratedGradients", point, { forward, ...which });
  };
  const total = fold(steps, { term, combine: add });
  return div(mul(way, total), steps);
}
