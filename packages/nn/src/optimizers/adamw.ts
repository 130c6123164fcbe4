/** Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2. */

import { adamUpdate } from "@dl/core";
import { type AdamOptions, adamStep } from "./adam.ts";
import { Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";

/** `weightDecay`: parameters shrink by learningRate · weightDecay a step. Default 0.01. */
export type AdamWOptions = Omit<AdamOptions, "amsgrad">;

/**
 * @example
 * using optimizer = new AdamW(decayGroups(model), { learningRate: 3e-4, weightDecay: 0.1 });
 */
export class AdamW extends Optimizer<Required<AdamWOptions>> {
  constructor(
    trainable: Trainable<Required<AdamWOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 }: AdamWOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay });
  }

  protected slotNames(): readonly string[] {
    return ["firstMoment", "secondMoment"];
  }

  protected updateParameter(update: ParameterUpdate<Required<AdamWOptions>>): void {
    const { parameter, gradient, slots } = update;
    adamUpdate(parameter, gradient, { first: slots.firstMoment!, second: slots.secondMoment!, step: adamStep(update) });
  }
}
