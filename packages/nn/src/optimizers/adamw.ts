/** Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2. */

import { adamUpdate } from "@dl/core";
import { type AdamOptions, adamStep, amsgradUpdate, momentNames } from "./adam.ts";
import { Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { shrink } from "./weight-decay.ts";

/** `weightDecay`: parameters shrink by learningRate · weightDecay a step. Default 0.01. */
export type AdamWOptions = AdamOptions;

/**
 * @example
 * using optimizer = new AdamW(decayGroups(model), { learningRate: 3e-4, weightDecay: 0.1 });
 */
export class AdamW extends Optimizer<Required<AdamWOptions>> {
  constructor(
    trainable: Trainable<Required<AdamWOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, amsgrad = false }: AdamWOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay, amsgrad });
  }

  protected slotNames(options: Required<AdamWOptions>): readonly string[] {
    return momentNames(options);
  }

  protected updateParameter(update: ParameterUpdate<Required<AdamWOptions>>): void {
    const { parameter, gradient, slots, options } = update;
    if (options.amsgrad) {
      shrink(parameter, { learningRate: update.learningRate, weightDecay: options.weightDecay });
      amsgradUpdate(update, gradient);
    } else adamUpdate(parameter, gradient, { first: slots.firstMoment!, second: slots.secondMoment!, step: adamStep(update) });
  }
}
