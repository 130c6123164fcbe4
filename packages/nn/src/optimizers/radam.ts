/** RAdam: Adam that waits with its division until the second moment is known well enough. Liu et al. 2020, arXiv:1908.03265, algorithm 2. */

import { type AdamOptions, adamStep, moveMoments } from "./adam.ts";
import { Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { shrink, withDecay } from "./weight-decay.ts";

export interface RAdamOptions extends Omit<AdamOptions, "amsgrad"> {
  /** Parameters shrink by learningRate · weightDecay, instead of a term in their gradient. Default false. */
  decoupled?: boolean;
}

export class RAdam extends Optimizer<Required<RAdamOptions>> {
  constructor(
    trainable: Trainable<Required<RAdamOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decoupled = false }: RAdamOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay, decoupled });
  }

  protected slotNames(): readonly string[] {
    return ["firstMoment", "secondMoment"];
  }

  protected updateParameter(update: ParameterUpdate<Required<RAdamOptions>>): void {
    const { parameter, options, learningRate, step } = update;
    const { beta2, epsilon, weightDecay, decoupled } = options;
    if (decoupled) shrink(parameter, { learningRate, weightDecay });
    const gradient = decoupled ? update.gradient : withDecay(update.gradient, { parameter, weightDecay });
    const { first, second } = moveMoments(update, gradient);

    const { correction1, correction2 } = adamStep(update);
    let direction = first.div(correction1);
    const longest = 2 / (1 - beta2) - 1;
    const length = longest - (2 * (step + 1) * beta2 ** (step + 1)) / correction2;
    if (length > 5) {
      const rectified = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
      direction = direction.div(second.sqrt().add(epsilon)).mul(rectified * Math.sqrt(correction2));
    }
    parameter.set(parameter.value.sub(direction.mul(learningRate)));
  }
}
