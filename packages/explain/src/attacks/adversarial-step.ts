/** A training step on attacked inputs. Madry et al. 2018, arXiv:1706.06083, section 2; mixed with clean ones, Goodfellow et al. 2015. */

import { mul, OptionError, type Scalar, type Tensor, valueAndGrad } from "@dl/core";
import type { CommonOptions, Optimizer, Parameter } from "@dl/nn";
import type { AttackLoss } from "./fgsm.ts";

export interface AdversarialStepOptions {
  readonly optimizer: Optimizer<CommonOptions>;
  readonly parameters: readonly Parameter[];
  /** The training loss, by which also the attack climbs. */
  readonly loss: AttackLoss;
  /** Makes attacked inputs: `(x, loss) => pgd(x, { loss, epsilon: 0.1, rng })`. */
  readonly attack: (inputs: Tensor, loss: AttackLoss) => Tensor;
  /** Share of the clean loss in what is minimised, from 0 to 1. Default 0. */
  readonly clean?: number;
}

/**
 * Attacks, then lowers the loss of the attacked inputs: one step, within `compute`.
 *
 * @returns The loss that was minimised.
 */
export function adversarialStep(inputs: Tensor, { optimizer, parameters, loss, attack, clean = 0 }: AdversarialStepOptions): Scalar {
  if (!(clean >= 0 && clean <= 1)) throw new OptionError(`adversarialStep: expected a share from 0 to 1 for clean, got ${clean}.`);
  const attacked = attack(inputs, loss);
  const total = (): Scalar => {
    const hard = loss(attacked);
    return clean === 0 ? hard : mul(hard, 1 - clean).add(mul(loss(inputs), clean));
  };
  const { value, grads } = valueAndGrad(total, parameters);
  optimizer.update(grads);
  return value;
}
