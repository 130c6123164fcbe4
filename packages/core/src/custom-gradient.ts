/** Functions whose gradient is given rather than derived. */

import { OptionError } from "./errors.ts";
import { differentiableJointly, withoutRecording } from "./recording.ts";
import { type Scalar, shareStorage, type Tensor } from "./tensor.ts";

export interface CustomGradient {
  readonly forward: () => Tensor;
  /** From the gradient of the output, and the output, one gradient per input; null where none flows. */
  readonly backward: (gradient: Tensor, output: Tensor) => readonly (Tensor | null)[];
}

/**
 * `forward()`, differentiated by `backward` instead of through its operations.
 *
 * `backward` may use its arguments and `inputs`; written in operations, it can be differentiated again.
 *
 * @example
 * // Round forward, identity backward: the straight-through estimator. Bengio et al. 2013, arXiv:1308.3432.
 * const y = customGradient([x], { forward: () => round(x), backward: (gradient) => [gradient] });
 */
export function customGradient(inputs: readonly Tensor[], { forward, backward }: CustomGradient): Tensor {
  const result = withoutRecording(forward);
  const output = shareStorage(result, result.shape);
  return differentiableJointly(output, inputs, (gradient) => {
    const gradients = backward(gradient, output);
    if (gradients.length !== inputs.length) {
      throw new OptionError(`customGradient: expected ${inputs.length} gradients from backward, one per input, got ${gradients.length}.`);
    }
    return gradients;
  });
}

/** The value of `x` as a constant: no gradient flows back through it. */
export function stopGradient(x: Scalar): Scalar;
export function stopGradient(x: Tensor): Tensor;
export function stopGradient(x: Tensor): Tensor {
  return shareStorage(x, x.shape);
}
