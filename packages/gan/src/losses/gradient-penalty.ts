/** Losses over the discriminator's gradient by its input: what makes it smooth. They differentiate a gradient again. */

import {
  grad,
  narrow,
  OptionError,
  type Rng,
  randomUniform,
  type Scalar,
  ShapeError,
  sameShape,
  stopGradient,
  type Tensor,
} from "@dl/core";

/** Scores of a batch, of any shape whose first axis is the batch's; each may depend on its own example alone. */
export type Critic = (examples: Tensor) => Tensor;

export interface GradientPenaltyOptions {
  real: Tensor;
  /** Of the same shape. */
  fake: Tensor;
  /** Draws the points between. */
  rng: Rng;
  /** λ. Default 10. */
  weight?: number;
  /**
   * Of the batch, the share at its front that is penalised, rounded up to whole examples. Default 1. The penalty is the dearer half of a critic's
   * step. A critic told the classes of a whole batch needs all of it.
   */
  share?: number;
}

/**
 * λ·E[(‖∇D(x̂)‖ − 1)²] at points x̂ between real and fake. Gulrajani et al. 2017, arXiv:1704.00028, equation 3.
 *
 * Batch norm in the critic mixes examples, and the penalty means nothing then: use none, or layer norm.
 */
export function gradientPenalty(critic: Critic, { real, fake, rng, weight = 10, share = 1 }: GradientPenaltyOptions): Scalar {
  checkWeight("gradientPenalty", weight);
  if (!(share > 0 && share <= 1)) throw new OptionError(`gradientPenalty: expected a share above 0 and at most 1, got ${share}.`);
  if (!sameShape(real.shape, fake.shape)) {
    throw new ShapeError(
      `gradientPenalty: expected real and fake of one shape, got [${real.shape.join(", ")}] and [${fake.shape.join(", ")}].`,
    );
  }
  const [a, b] = [front(real, share), front(fake, share)];
  const place = randomUniform([a.shape[0]!, ...a.shape.slice(1).map(() => 1)], { rng });
  const between = stopGradient(a.mul(place).add(b.sub(b.mul(place))));
  // Not norm: its gradient at 0, where a dead critic is, would be NaN.
  const slopes = inputGradient(critic, between).square().sum(1).add(1e-12).sqrt(); // [B]
  return slopes.sub(1).square().mean().mul(weight);
}

function front(examples: Tensor, share: number): Tensor {
  return share === 1 ? examples : narrow(examples, 0, { start: 0, size: Math.ceil(examples.shape[0]! * share) });
}

export interface PenaltyOptions {
  /** γ. Default 10. */
  weight?: number;
}

/**
 * γ/2·E[‖∇D(x)‖²] at real examples (R1) or, given fakes, at those (R2). Mescheder et al. 2018, arXiv:1801.04406, equation 9.
 *
 * @example
 * const penalty = r1Penalty((x) => discriminator.forward(x, mode), images, { weight: 1 });
 */
export function r1Penalty(critic: Critic, examples: Tensor, { weight = 10 }: PenaltyOptions = {}): Scalar {
  checkWeight("r1Penalty", weight);
  return inputGradient(critic, stopGradient(examples))
    .square()
    .sum(1)
    .mean()
    .mul(weight / 2);
}

/** ∇D at each example, flat: `[B, …]` → `[B, size]`. */
function inputGradient(critic: Critic, examples: Tensor): Tensor {
  const [gradient] = grad(() => critic(examples).sum(), [examples]);
  return gradient!.reshape([examples.shape[0]!, -1]);
}

function checkWeight(where: string, weight: number): void {
  if (!(weight >= 0 && weight < Infinity)) throw new OptionError(`${where}: expected a weight ≥ 0, got ${weight}.`);
}
