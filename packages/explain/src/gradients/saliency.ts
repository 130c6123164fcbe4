/** Where a small change changes the score most. Simonyan, Vedaldi & Zisserman 2014, arXiv:1312.6034, section 3. */

import { abs, type Tensor } from "@dl/core";
import type { Forward, TargetOptions } from "../target.ts";
import { inputGradient } from "./gradient.ts";

export interface SaliencyOptions extends TargetOptions {
  readonly forward: Forward;
  /** Keep the signs of the gradient. Default false. */
  readonly signed?: boolean;
}

/**
 * |∂ score ÷ ∂ input|, of the inputs' shape `[B, …]`.
 *
 * @example
 * const inputs = tensor([[1, 2]]);
 * saliency(inputs, { forward: (x) => matmul(x, tensor([[3, 0], [-4, 0]])), target: 0 }); // [[3, 4]]
 */
export function saliency(inputs: Tensor, { signed = false, ...options }: SaliencyOptions): Tensor {
  const gradient = inputGradient("saliency", inputs, options);
  return signed ? gradient : abs(gradient);
}
