/** Adadelta: steps in units of the steps before. Zeiler 2012, arXiv:1212.5701, algorithm 1. */

import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { withDecay } from "./weight-decay.ts";

/** The paper has no learning rate: 1 is its own. */
export interface AdadeltaOptions extends CommonOptions {
  /** Decay of both mean squares. Default 0.9. */
  decay?: number;
  /** Added to both mean squares under their roots. Default 10⁻⁶. */
  epsilon?: number;
  /** Times the parameter, added to its gradient. Default 0. */
  weightDecay?: number;
}

export class Adadelta extends Optimizer<Required<AdadeltaOptions>> {
  constructor(
    trainable: Trainable<Required<AdadeltaOptions>>,
    { learningRate, decay = 0.9, epsilon = 1e-6, weightDecay = 0 }: AdadeltaOptions,
  ) {
    super(trainable, { learningRate, decay, epsilon, weightDecay });
  }

  protected slotNames(): readonly string[] {
    return ["meanSquare", "meanSquareStep"];
  }

  protected updateParameter({ parameter, slots, options, learningRate, ...update }: ParameterUpdate<Required<AdadeltaOptions>>): void {
    const { decay, epsilon, weightDecay } = options;
    const gradient = withDecay(update.gradient, { parameter, weightDecay });
    const meanSquare = slots.meanSquare!;
    const meanSquareStep = slots.meanSquareStep!;
    meanSquare.set(meanSquare.value.mul(decay).add(gradient.square().mul(1 - decay)));
    const unit = meanSquareStep.value.add(epsilon).sqrt();
    const step = gradient.mul(unit.div(meanSquare.value.add(epsilon).sqrt()));
    meanSquareStep.set(meanSquareStep.value.mul(decay).add(step.square().mul(1 - decay)));
    parameter.set(parameter.value.sub(step.mul(learningRate)));
  }
}
