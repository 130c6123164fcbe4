/** Adam: steps scaled by running moments of the gradient. Kingma and Ba 2015, arXiv:1412.6980, algorithm 1. */

import { type AdamStep, adamUpdate, maximum, type Tensor } from "@dl/core";
import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { withDecay } from "./weight-decay.ts";

export interface AdamOptions extends CommonOptions {
  /** Decay of the first moment. Default 0.9. */
  beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  beta2?: number;
  /** Added to the root of the second moment. Default 10⁻⁸. */
  epsilon?: number;
  /** Times the parameter, added to its gradient; for the decoupled kind, take `AdamW`. Default 0. */
  weightDecay?: number;
  /** Divide by the largest second moment so far. Reddi et al. 2018, arXiv:1904.09237. Default false. */
  amsgrad?: boolean;
}

export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(
    trainable: Trainable<Required<AdamOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, amsgrad = false }: AdamOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay, amsgrad });
  }

  protected slotNames(options: Required<AdamOptions>): readonly string[] {
    return momentNames(options);
  }

  protected updateParameter(update: ParameterUpdate<Required<AdamOptions>>): void {
    const { parameter, slots, options } = update;
    const gradient = withDecay(update.gradient, { parameter, weightDecay: options.weightDecay });
    if (options.amsgrad) amsgradUpdate(update, gradient);
    else
      adamUpdate(parameter, gradient, {
        first: slots.firstMoment!,
        second: slots.secondMoment!,
        step: { ...adamStep(update), weightDecay: 0 },
      });
  }
}

/** The slots of Adam's kind. */
export function momentNames({ amsgrad }: { amsgrad: boolean }): readonly string[] {
  return amsgrad ? ["firstMoment", "secondMoment", "largestSecondMoment"] : ["firstMoment", "secondMoment"];
}

/** A step by the largest second moment so far, without weight decay. Reddi et al. 2018, arXiv:1904.09237, algorithm 2. */
export function amsgradUpdate(update: ParameterUpdate<Required<AdamOptions>>, gradient: Tensor): void {
  const { parameter, slots } = update;
  const step = adamStep(update);
  const { first, second } = moveMoments(update, gradient);
  const largest = slots.largestSecondMoment!;
  largest.set(maximum(largest.value, second));
  const mean = first.div(step.correction1);
  const deviation = largest.value.div(step.correction2).sqrt();
  parameter.set(parameter.value.sub(mean.div(deviation.add(step.epsilon)).mul(step.learningRate)));
}

/** Both moments with this gradient in them. */
export function moveMoments(
  { slots, options: { beta1, beta2 } }: ParameterUpdate<{ readonly beta1: number; readonly beta2: number } & Required<CommonOptions>>,
  gradient: Tensor,
): { first: Tensor; second: Tensor } {
  const first = slots.firstMoment!;
  const second = slots.secondMoment!;
  first.set(first.value.mul(beta1).add(gradient.mul(1 - beta1)));
  second.set(second.value.mul(beta2).add(gradient.square().mul(1 - beta2)));
  return { first: first.value, second: second.value };
}

/** The numbers of one step, with the bias corrections 1 − βᵗ. */
export function adamStep({ options, learningRate, step }: ParameterUpdate<Required<Omit<AdamOptions, "amsgrad">>>): AdamStep {
  const { beta1, beta2, epsilon, weightDecay } = options;
  return { learningRate, beta1, beta2, epsilon, weightDecay, correction1: 1 - beta1 ** (step + 1), correction2: 1 - beta2 ** (step + 1) };
}
