/** Bounds on gradients before a step. */

import {
  abs,
  clip,
  fill,
  type Gradients,
  max,
  maximum,
  minimum,
  OptionError,
  pow,
  reciprocal,
  type Scalar,
  sqrt,
  sum,
  sumOfSquares,
  type Tensor,
  type Variable,
} from "@dl/core";

export interface NormOptions {
  /** (Σ|g|ᵖ)^(1/p): 2 for the Euclidean length, `Infinity` for the largest magnitude. Default 2. */
  order?: number;
}

/** The length of all gradients taken as one vector. */
export function globalNorm(gradients: Gradients, { order = 2 }: NormOptions = {}): Scalar {
  if (!(order > 0)) throw new OptionError(`globalNorm: expected an order above 0, got ${order}.`);
  const all = [...gradients.values()];
  if (order === 2) return sqrt(sumOfSquares(all)) as Scalar;
  if (all.length === 0) return fill([], 0) as Scalar;
  if (order === Infinity) return all.map((gradient): Tensor => max(abs(gradient))).reduce((a, b) => maximum(a, b)) as Scalar;
  const total = all.map((gradient): Tensor => sum(pow(abs(gradient), order))).reduce((a, b) => a.add(b));
  return pow(total, 1 / order) as Scalar;
}

/**
 * All gradients times min(1, largest/‖g‖). Pascanu et al. 2013, arXiv:1211.5063, algorithm 1; 10⁻⁶ is added to the norm, as in PyTorch.
 *
 * @param largest  Above 0.
 * @param options.norm  The norm, when it is known already. Default `globalNorm(gradients, { order })`.
 */
export function clipByGlobalNorm<V extends Variable>(
  gradients: Gradients<V>,
  largest: number,
  { order = 2, norm = globalNorm(gradients, { order }) }: NormOptions & { norm?: Tensor } = {},
): Gradients<V> {
  // A bound below 0 would turn every step around.
  if (!(largest > 0)) throw new OptionError(`clipByGlobalNorm: expected a largest norm above 0, got ${largest}.`);
  const factor = minimum(reciprocal(norm.add(1e-6)).mul(largest), 1);
  return new Map([...gradients].map(([variable, gradient]) => [variable, gradient.mul(factor)]));
}

/** Every element held between −largest and largest, which is above 0. */
export function clipByValue<V extends Variable>(gradients: Gradients<V>, largest: number): Gradients<V> {
  if (!(largest > 0)) throw new OptionError(`clipByValue: expected a largest value above 0, got ${largest}.`);
  return new Map([...gradients].map(([variable, gradient]) => [variable, clip(gradient, -largest, largest)]));
}
