/** One step along the sign of the loss's gradient. Goodfellow, Shlens & Szegedy 2015, arXiv:1412.6572, section 4. */

import { add, clip, grad, mul, OptionError, type Scalar, sign, stopGradient, type Tensor } from "@dl/core";

/** The loss that an attack raises; a mean or a sum over the batch, examples on their own. */
export type AttackLoss = (inputs: Tensor) => Scalar;

export interface FgsmOptions {
  readonly loss: AttackLoss;
  /** The most that a value may change. */
  readonly epsilon: number;
  /** Lowest and highest value there is; inputs outside are clipped to it, so say the one of normalised images. Default 0 and 1. */
  readonly range?: readonly [low: number, high: number];
}

/**
 * clip(x + ε · sign ∂ loss ÷ ∂ x), of the inputs' shape, without a way back.
 *
 * @example
 * const inputs = tensor([[0.5, 0.5]]);
 * fgsm(inputs, { loss: (x) => x.mul(tensor([[1, -1]])).sum(), epsilon: 0.25 }); // [[0.75, 0.25]]
 */
export function fgsm(inputs: Tensor, { loss, epsilon, range = [0, 1] }: FgsmOptions): Tensor {
  requireEpsilon("fgsm", epsilon, range);
  const [gradient] = grad(() => loss(inputs), [inputs]);
  return stopGradient(clip(add(inputs, mul(sign(gradient!), epsilon)), range[0], range[1]));
}

/** Throws unless the budget and the range make sense. */
export function requireEpsilon(where: string, epsilon: number, range: readonly [number, number]): void {
  if (!(epsilon >= 0 && epsilon < Infinity)) throw new OptionError(`${where}: expected an epsilon of at least 0, got ${epsilon}.`);
  if (!(range[1] > range[0])) throw new OptionError(`${where}: expected low < high in range, got ${range.join(" and ")}.`);
}
