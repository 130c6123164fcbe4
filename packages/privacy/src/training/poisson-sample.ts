/** A sample in which each example is by itself, with equal probability: what the accountant counts on. */

import { OptionError, type Rng } from "@dl/core";

/**
 * Indices from 0 to `count` − 1, each there with probability `rate`; ascending, and any number of them, also none.
 *
 * @example
 * poissonSample(60_000, { rate: 0.01, rng }).length; // about 600
 */
export function poissonSample(count: number, { rate, rng }: { rate: number; rng: Rng }): Int32Array {
  if (!(rate >= 0 && rate <= 1)) throw new OptionError(`poissonSample: expected a rate from 0 to 1, got ${rate}.`);
  if (!Number.isInteger(count) || count < 0) throw new OptionError(`poissonSample: expected a whole count ≥ 0, got ${count}.`);
  const { data } = rng.bernoulli([count], rate);
  const chosen: number[] = [];
  for (let i = 0; i < count; i++) if (data[i] !== 0) chosen.push(i);
  return Int32Array.from(chosen);
}
