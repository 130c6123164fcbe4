/** −ln of the density that a predicted distribution gives to what was seen: networks that tell how sure they are, and counts. */

import { exp, log, maximum, OptionError, type Tensor } from "@dl/core";
import { checkTargets, type LossOptions, type Reduced, type Reduction, reduce } from "./reduction.ts";

export interface GaussianLikelihoodOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** `[…]`, of the means' shape or one that broadcasts to it. */
  variance: Tensor;
  /** Least variance: below it, none is believed. Default 1e-6. */
  epsilon?: number;
}

/**
 * ½·(ln v + (x − y)²/v) for a normal distribution of mean x and variance v, without the constant ½·ln 2π. Nix and Weigend 1994.
 *
 * @param mean    `[…]`
 * @param target  `[…]`, of a shape that broadcasts to the means, or one number for all
 * @throws OptionError for an epsilon that is not above 0.
 * @example
 * const [mean, free] = split(model.forward(x), 2, { axis: -1 });
 * const loss = gaussianNegativeLogLikelihood(mean, y, { variance: softplus(free) });
 */
export function gaussianNegativeLogLikelihood<R extends Reduction = "mean">(
  mean: Tensor,
  target: Tensor | number,
  { variance, epsilon = 1e-6, reduction }: GaussianLikelihoodOptions<R>,
): Reduced<R> {
  checkTargets("gaussianNegativeLogLikelihood", mean, target);
  checkTargets("gaussianNegativeLogLikelihood", mean, variance);
  if (!(epsilon > 0)) throw new OptionError(`gaussianNegativeLogLikelihood: expected an epsilon above 0, got ${epsilon}.`);
  const v = maximum(variance, epsilon);
  return reduce(mean.sub(target).square().div(v).add(log(v)).mul(0.5), reduction);
}

/**
 * eˣ − y·x for a Poisson distribution of rate eˣ, without the constant ln y!: counts of events. Rates themselves go in as their logarithms.
 *
 * @param logRate  `[…]`
 * @param target   `[…]` counts, as floats, of a shape that broadcasts to the rates, or one number for all
 */
export function poissonNegativeLogLikelihood<R extends Reduction = "mean">(
  logRate: Tensor,
  target: Tensor | number,
  { reduction }: LossOptions<R> = {},
): Reduced<R> {
  checkTargets("poissonNegativeLogLikelihood", logRate, target);
  return reduce(exp(logRate).sub(logRate.mul(target)), reduction);
}
