/** Adamax: Adam by the largest gradient of late instead of the second moment. Kingma and Ba 2015, arXiv:1412.6980, algorithm 2. */

import { abs, maximum } from "@dl/core";
import { type AdamOptions, adamStep } from "./adam.ts";
import { Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { withDecay } from "./weight-decay.ts";

/** `epsilon` is added to each gradient's magnitude. */
export type AdamaxOptions = Omit<AdamOptions, "amsgrad">;

export class Adamax extends Optimizer<Required<AdamaxOptions>> {
  constructor(
    trainable: Trainable<Required<AdamaxOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamaxOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay });
  }

  protected slotNames(): readonly string[] {
    return ["firstMoment", "largest"];
  }

  protected updateParameter(update: ParameterUpdate<Required<AdamaxOptions>>): void {
    const { parameter, slots, options, learningRate } = update;
    const { beta1, beta2, epsilon, weightDecay } = options;
    const gradient = withDecay(update.gradient, { parameter, weightDecay });
    const first = slots.firstMoment!;
    const largest = slots.largest!;
    first.set(first.value.mul(beta1).add(gradient.mul(1 - beta1)));
    largest.set(maximum(largest.value.mul(beta2), abs(gradient).add(epsilon)));
    const rate = learningRate / adamStep(update).correction1;
    parameter.set(parameter.value.sub(first.value.div(largest.value).mul(rate)));
  }
}
