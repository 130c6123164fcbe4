/** RMSProp: steps divided by a running root mean square. Tieleman and Hinton 2012, Coursera lecture 6.5; as PyTorch has it. */

import { maximum } from "@dl/core";
import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { withDecay } from "./weight-decay.ts";

export interface RmsPropOptions extends CommonOptions {
  /** Decay of the mean square. Default 0.99. */
  decay?: number;
  /** Added to the root. Default 10⁻⁸. */
  epsilon?: number;
  /** Share of the velocity that stays from step to step. Default 0. */
  momentum?: number;
  /** Divide by the deviation instead: the mean is subtracted. Graves 2013, arXiv:1308.0850. Default false. */
  centered?: boolean;
  /** Times the parameter, added to its gradient. Default 0. */
  weightDecay?: number;
}

export class RmsProp extends Optimizer<Required<RmsPropOptions>> {
  constructor(
    trainable: Trainable<Required<RmsPropOptions>>,
    { learningRate, decay = 0.99, epsilon = 1e-8, momentum = 0, centered = false, weightDecay = 0 }: RmsPropOptions,
  ) {
    super(trainable, { learningRate, decay, epsilon, momentum, centered, weightDecay });
  }

  protected slotNames({ momentum, centered }: Required<RmsPropOptions>): readonly string[] {
    return ["meanSquare", ...(centered ? ["mean"] : []), ...(momentum === 0 ? [] : ["velocity"])];
  }

  protected updateParameter({ parameter, slots, options, learningRate, ...update }: ParameterUpdate<Required<RmsPropOptions>>): void {
    const { decay, epsilon, momentum, weightDecay } = options;
    const gradient = withDecay(update.gradient, { parameter, weightDecay });
    const { meanSquare, mean, velocity } = slots;
    meanSquare!.set(meanSquare!.value.mul(decay).add(gradient.square().mul(1 - decay)));
    let square = meanSquare!.value;
    if (mean) {
      mean.set(mean.value.mul(decay).add(gradient.mul(1 - decay)));
      // Of a gradient that stands still the difference is rounding alone, and may fall below 0: its root would be NaN.
      square = maximum(square.sub(mean.value.square()), square.mul(2 ** -23));
    }
    let direction = gradient.div(square.sqrt().add(epsilon));
    if (velocity) {
      velocity.set(velocity.value.mul(momentum).add(direction));
      direction = velocity.value;
    }
    parameter.set(parameter.value.sub(direction.mul(learningRate)));
  }
}
