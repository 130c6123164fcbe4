/**
 * Rényi divergence of the Gaussian mechanism on a Poisson sample.
 * Mironov, Talwar and Zhang 2019, "Rényi differential privacy of the sampled Gaussian mechanism", arXiv:1908.10530, section 3.3.
 */

import { OptionError } from "@dl/core";
import { logAdd, logErfc, logSubtract } from "./log-space.ts";

/** One mechanism: a sum of clipped gradients with noise. */
export interface GaussianMechanism {
  /** Deviation of the noise ÷ the largest norm of one example's gradient. */
  readonly noiseMultiplier: number;
  /** Probability with which each example is in the sample. */
  readonly sampleRate: number;
}

/** Throws an OptionError unless the noise is a number ≥ 0 and the rate a probability. */
export function checkMechanism(where: string, { noiseMultiplier, sampleRate }: GaussianMechanism): void {
  if (!(noiseMultiplier >= 0 && noiseMultiplier < Infinity)) {
    throw new OptionError(`${where}: expected a noiseMultiplier ≥ 0, got ${noiseMultiplier}.`);
  }
  if (!(sampleRate >= 0 && sampleRate <= 1)) throw new OptionError(`${where}: expected a sampleRate from 0 to 1, got ${sampleRate}.`);
}

/**
 * The Rényi divergence of one step at `order` > 1. Infinite without noise, 0 where nothing is sampled.
 *
 * @throws OptionError for an order ≤ 1, negative noise, or a rate that is no probability.
 * @example
 * rdpOfSubsampledGaussian({ noiseMultiplier: 2, sampleRate: 1 }, 8); // 1
 */
export function rdpOfSubsampledGaussian(mechanism: GaussianMechanism, order: number): number {
  checkMechanism("rdpOfSubsampledGaussian", mechanism);
  if (!(order > 1)) throw new OptionError(`rdpOfSubsampledGaussian: expected an order above 1, got ${order}.`);
  const { noiseMultiplier: sigma, sampleRate: q } = mechanism;
  if (q === 0) return 0;
  if (sigma === 0) return Infinity;
  // Without sampling, the Gaussian mechanism itself. Mironov 2017, arXiv:1702.07476, proposition 7.
  if (q === 1) return order / (2 * sigma * sigma);
  if (order === Infinity) return Infinity;
  const logMoment = Number.isInteger(order) ? wholeMoment(mechanism, order) : fractionalMoment(mechanism, order);
  // The bound is on a divergence, and below 0 only by rounding.
  return Math.max(0, logMoment / (order - 1));
}

/** ln A for a whole order: a binomial sum, term k with e^((k² − k)/2σ²). Section 3.3, "integer α". */
function wholeMoment({ noiseMultiplier: sigma, sampleRate: q }: GaussianMechanism, order: number): number {
  let sum = -Infinity;
  let logBinomial = 0;
  for (let k = 0; k <= order; k++) {
    sum = logAdd(sum, logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q) + (k * k - k) / (2 * sigma * sigma));
    logBinomial += Math.log(order - k) - Math.log(k + 1);
  }
  return sum;
}

/** ln A for any order: two infinite series, cut where the densities are equal; their signs alternate in the end. Section 3.3, "fractional α". */
function fractionalMoment({ noiseMultiplier: sigma, sampleRate: q }: GaussianMechanism, order: number): number {
  const cut = sigma * sigma * Math.log(1 / q - 1) + 0.5;
  const width = Math.SQRT2 * sigma;
  let [below, above] = [-Infinity, -Infinity];
  // Of the generalised binomial coefficient: order·(order − 1)…(order − k + 1)/k!
  let [logBinomial, sign] = [0, 1];
  for (let k = 0; ; k++) {
    const rest = order - k;
    const left =
      logBinomial + k * Math.log(q) + rest * Math.log1p(-q) + (k * k - k) / (2 * sigma * sigma) - Math.LN2 + logErfc((k - cut) / width);
    const right =
      logBinomial +
      rest * Math.log(q) +
      k * Math.log1p(-q) +
      (rest * rest - rest) / (2 * sigma * sigma) -
      Math.LN2 +
      logErfc((cut - rest) / width);
    below = sign > 0 ? logAdd(below, left) : logSubtract(below, left);
    above = sign > 0 ? logAdd(above, right) : logSubtract(above, right);
    // So that NaN, of noise whose square is no float, ends it too.
    if (!(Math.max(left, right) >= -40)) return logAdd(below, above);
    logBinomial += Math.log(Math.abs(rest)) - Math.log(k + 1);
    if (rest < 0) sign = -sign;
  }
}
