/** How much of the score each input brings, were the model linear. Shrikumar et al. 2016, arXiv:1605.01713. */

import { mul, type Tensor } from "@dl/core";
import type { Forward, TargetOptions } from "../target.ts";
import { inputGradient } from "./gradient.ts";

export interface InputTimesGradientOptions extends TargetOptions {
  readonly forward: Forward;
}

/**
 * input · ∂ score ÷ ∂ input, of the inputs' shape. For networks of ReLUs without biases it adds up to the score.
 *
 * @example
 * const inputs = tensor([[1, 2]]);
 * inputTimesGradient(inputs, { forward: (x) => matmul(x, tensor([[3, 0], [-4, 0]])), target: 0 }); // [[3, -8]]
 */
export function inputTimesGradient(inputs: Tensor, options: InputTimesGradientOptions): Tensor {
  return mul(inputs, inputGradient("inputTimesGradient", inputs, options));
}
