/** The gradient with negative parts cut off at every ReLU on the way back. Springenberg et al. 2015, arXiv:1412.6806, section 3.4. */

import { greater, mul, relu, type Tensor, withReluRule } from "@dl/core";
import type { Forward, TargetOptions } from "../target.ts";
import { inputGradient } from "./gradient.ts";

export interface GuidedBackpropOptions extends TargetOptions {
  readonly forward: Forward;
}

/**
 * Sharp pictures of what a network of ReLUs looks at, of the inputs' shape. They barely depend on the target and on the upper layers
 * (Adebayo et al. 2018): look at `randomisedWeights` before believing them. Other activations keep their gradients.
 */
export function guidedBackprop(inputs: Tensor, options: GuidedBackpropOptions): Tensor {
  return withReluRule(
    (gradient, output) => mul(relu(gradient), greater(output, 0).cast(gradient.dtype)),
    () => inputGradient("guidedBackprop", inputs, options),
  );
}
