/** Bounds on gradients before a step. */

import { clip, type Gradients, minimum, reciprocal, type Scalar, sqrt, sumOfSquares, type Tensor, type Variable } from "@dl/core";

/** The Euclidean length of all gradients taken as one vector. */
export function globalNorm(gradients: Gradients): Scalar {
  return sqrt(sumOfSquares([...gradients.values()])) as Scalar;
}

/**
 * All gradients times min(1, largest/‖g‖). Pascanu et al. 2013, arXiv:1211.5063, algorithm 1; 10⁻⁶ is added to the norm, as in PyTorch.
 *
 * @param options.norm  The norm, when it is known already. Default `globalNorm(gradients)`.
 */
export function clipByGlobalNorm<V extends Variable>(
  gradients: Gradients<V>,
  largest: number,
  { norm = globalNorm(gradients) }: { norm?: Tensor } = {},
): Gradients<V> {
  const factor = minimum(reciprocal(norm.add(1e-6)).mul(largest), 1);
  return new Map([...gradients].map(([variable, gradient]) => [variable, gradient.mul(factor)]));
}

/** Every element held between −largest and largest. */
export function clipByValue<V extends Variable>(gradients: Gradients<V>, largest: number): Gradients<V> {
  return new Map([...gradients].map(([variable, gradient]) => [variable, clip(gradient, -largest, largest)]));
}
