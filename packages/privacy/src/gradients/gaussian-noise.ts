/** Normal noise on gradients. */

import { add, type Gradients, OptionError, type Rng, randomNormal, type Variable } from "@dl/core";

/**
 * Every element plus a normal number of the given deviation, inside `compute`.
 *
 * The numbers come from `rng`, which is repeatable and no cryptographic generator: who knows the seed can take the noise off again.
 *
 * @throws OptionError for a negative deviation.
 */
export function addGaussianNoise<V extends Variable>(
  gradients: Gradients<V>,
  { standardDeviation, rng }: { standardDeviation: number; rng: Rng },
): Gradients<V> {
  if (!(standardDeviation >= 0)) throw new OptionError(`addGaussianNoise: expected a deviation ≥ 0, got ${standardDeviation}.`);
  if (standardDeviation === 0) return gradients;
  return new Map(
    [...gradients].map(([variable, gradient]) => [variable, add(gradient, randomNormal(gradient.shape, { rng, standardDeviation }))]),
  );
}
