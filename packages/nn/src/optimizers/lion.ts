/** Lion: the sign of an interpolated momentum. Chen et al. 2023, "Symbolic discovery of optimization algorithms", arXiv:2302.06675, algorithm 2. */

import { sign } from "@dl/core";
import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { shrink } from "./weight-decay.ts";

export interface LionOptions extends CommonOptions {
  /** Share of the momentum in the step's direction. Default 0.9. */
  beta1?: number;
  /** Decay of the momentum. Default 0.99. */
  beta2?: number;
  /** Parameters shrink by learningRate · weightDecay a step. Default 0. */
  weightDecay?: number;
}

export class Lion extends Optimizer<Required<LionOptions>> {
  constructor(trainable: Trainable<Required<LionOptions>>, { learningRate, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 }: LionOptions) {
    super(trainable, { learningRate, beta1, beta2, weightDecay });
  }

  protected slotNames(): readonly string[] {
    return ["momentum"];
  }

  protected updateParameter({ parameter, gradient, slots, options, learningRate }: ParameterUpdate<Required<LionOptions>>): void {
    const { beta1, beta2, weightDecay } = options;
    const momentum = slots.momentum!;
    const direction = sign(momentum.value.mul(beta1).add(gradient.mul(1 - beta1)));
    shrink(parameter, { learningRate, weightDecay });
    parameter.set(parameter.value.sub(direction.mul(learningRate)));
    momentum.set(momentum.value.mul(beta2).add(gradient.mul(1 - beta2)));
  }
}
