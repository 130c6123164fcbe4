/** What the two players minimise: losses over the discriminator's scores. Goodfellow et al. 2014, arXiv:1406.2661, and its heirs. */

import { OptionError, type Scalar, softplus, type Tensor } from "@dl/core";

/** A pair of losses. Scores are what the discriminator gives before any sigmoid, of any shape; higher is more real. */
export interface AdversarialLoss {
  readonly name: string;
  /** Above it, a score says "real"; `relative` where scores have no zero of their own, and say it above the mean of the other side's. */
  readonly boundary: number | "relative";
  /** What the discriminator minimises. */
  discriminator(real: Tensor, fake: Tensor): Scalar;
  /** What the generator minimises; `real` are scores of real examples, for losses with `comparesScores`. */
  generator(fake: Tensor, real?: Tensor): Scalar;
  /** The generator's loss needs the scores of real examples, too. Default false. */
  readonly comparesScores?: boolean;
}

export interface BinaryLossOptions {
  /** What the discriminator should say of real examples: below 1 is one-sided label smoothing (Salimans et al. 2016, section 3.4). Default 1. */
  realTarget?: number;
}

/** The shares of real and of generated examples that a discriminator is right on. */
export function rightShares(
  { boundary }: Pick<AdversarialLoss, "boundary">,
  { real, fake }: { real: Tensor; fake: Tensor },
): { readonly real: Scalar; readonly fake: Scalar } {
  const [forReal, forFake] = boundary === "relative" ? [fake.mean(), real.mean()] : [boundary, boundary];
  return { real: real.greater(forReal).cast(real.dtype).mean(), fake: fake.lessEqual(forFake).cast(fake.dtype).mean() };
}

/** −y·ln σ(s) − (1 − y)·ln(1 − σ(s)), on average. */
function judgedReal(scores: Tensor, target: number): Scalar {
  const sure = softplus(scores.neg()).mean();
  return target === 1 ? sure : sure.add(scores.mul(1 - target).mean());
}

function checkTarget(where: string, realTarget: number): void {
  if (!(realTarget > 0.5 && realTarget <= 1))
    throw new OptionError(
      `${where}: expected a realTarget above 0.5, up to 1, got ${realTarget}. 0.9 is usual; only the real side is smoothed.`,
    );
}

/**
 * The loss most GANs are trained with: the generator maximises ln σ(D(G(z))). Goodfellow et al. 2014, section 3, last paragraph.
 *
 * @example
 * const loss = nonSaturating({ realTarget: 0.9 });
 */
export function nonSaturating({ realTarget = 1 }: BinaryLossOptions = {}): AdversarialLoss {
  checkTarget("nonSaturating", realTarget);
  return {
    name: "non-saturating",
    boundary: 0,
    discriminator: (real, fake) => judgedReal(real, realTarget).add(softplus(fake).mean()),
    generator: (fake) => softplus(fake.neg()).mean(),
  };
}

/** The minimax game itself: the generator minimises ln(1 − σ(D(G(z)))), whose gradient vanishes while it is bad. Goodfellow et al. 2014, equation 1. */
export function saturating({ realTarget = 1 }: BinaryLossOptions = {}): AdversarialLoss {
  checkTarget("saturating", realTarget);
  return {
    name: "saturating",
    boundary: 0,
    discriminator: (real, fake) => judgedReal(real, realTarget).add(softplus(fake).mean()),
    generator: (fake) => softplus(fake).mean().neg(),
  };
}

/** Scores are drawn to 1 and 0 by squares. Mao et al. 2017, arXiv:1611.04076, equation 9. */
export function leastSquares({ realTarget = 1 }: BinaryLossOptions = {}): AdversarialLoss {
  checkTarget("leastSquares", realTarget);
  return {
    name: "least squares",
    boundary: 0.5,
    discriminator: (real, fake) => real.sub(realTarget).square().mean().add(fake.square().mean()).mul(0.5),
    generator: (fake) => fake.sub(1).square().mean().mul(0.5),
  };
}

/** A margin of one for the discriminator, the score itself for the generator. Lim and Ye 2017, arXiv:1705.02894; SNGAN, SAGAN, BigGAN. */
export function hingeAdversarial(): AdversarialLoss {
  return {
    name: "hinge",
    boundary: 0,
    discriminator: (real, fake) => real.mul(-1).add(1).relu().mean().add(fake.add(1).relu().mean()),
    generator: (fake) => fake.mean().neg(),
  };
}

/**
 * The difference of mean scores, an estimate of the earth mover's distance if the critic is 1-Lipschitz: add `gradientPenalty`, or
 * `clipWeights` after each step. Arjovsky et al. 2017, arXiv:1701.07875.
 */
export function wasserstein(): AdversarialLoss {
  return {
    name: "Wasserstein",
    boundary: "relative",
    discriminator: (real, fake) => fake.mean().sub(real.mean()),
    generator: (fake) => fake.mean().neg(),
  };
}

/** Is this more real than the others are on average? Jolicoeur-Martineau 2018, arXiv:1807.00734, section 4.2.1 (RaSGAN). */
export function relativisticAverage(): AdversarialLoss {
  const compared = (higher: Tensor, lower: Tensor): Scalar =>
    softplus(lower.mean().sub(higher))
      .mean()
      .add(softplus(lower.sub(higher.mean())).mean());
  return {
    name: "relativistic average",
    boundary: "relative",
    comparesScores: true,
    discriminator: (real, fake) => compared(real, fake),
    generator: (fake, real) => {
      if (real === undefined) {
        throw new OptionError("relativisticAverage.generator: expected the scores of real examples beside those of fakes, got none.");
      }
      return compared(fake, real);
    },
  };
}
