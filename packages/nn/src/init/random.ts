/** Initialisers with given bounds or deviation. */

import type { HostTensor, Rng, Shape } from "@dl/core";

/** Uniform in [low, high). */
export function uniform(shape: Shape, { rng, low = 0, high = 1 }: { rng: Rng; low?: number; high?: number }): HostTensor {
  return rng.uniform(shape, low, high);
}

/** Normal; the standard deviation is 1 by default. */
export function normal(
  shape: Shape,
  { rng, mean = 0, standardDeviation = 1 }: { rng: Rng; mean?: number; standardDeviation?: number },
): HostTensor {
  return rng.normal(shape, mean, standardDeviation);
}

/** Normal, drawn again when more than `bound` standard deviations off. `standardDeviation` is that before the cut. */
export function truncatedNormal(
  shape: Shape,
  { rng, mean = 0, standardDeviation = 1, bound = 2 }: { rng: Rng; mean?: number; standardDeviation?: number; bound?: number },
): HostTensor {
  return rng.truncatedNormal(shape, mean, standardDeviation, bound);
}
