/** LAMB: Adam whose step is as long as the layer's weights allow, for large batches. You et al. 2020, arXiv:1904.00962, algorithm 2; defaults as timm's. */

import { type Gradients, greater, logicalAnd, maximum, norm, onesLike, type Tensor, where } from "@dl/core";
import { type AdamOptions, adamStep, moveMoments } from "./adam.ts";
import { globalNorm } from "./clip.ts";
import { Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";

/** `epsilon` 10⁻⁶ by default. `weightDecay` is part of the step that is scaled; default 0.01. */
export interface LambOptions extends Omit<AdamOptions, "amsgrad"> {
  /** All gradients together are made no longer than this first; `Infinity` leaves them. Default 1. */
  maximumNorm?: number;
  /** Scale the step of parameters without weight decay too: biases and gains, as a rule. Default false. */
  alwaysAdapt?: boolean;
}

export class Lamb extends Optimizer<Required<LambOptions>> {
  /** The gradients of this step, and how long they are: found once, for all parameters. */
  #measured: { readonly gradients: Gradients; readonly norm: Tensor } | undefined;

  constructor(
    trainable: Trainable<Required<LambOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0.01, maximumNorm = 1, alwaysAdapt = false }: LambOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay, maximumNorm, alwaysAdapt });
  }

  protected slotNames(): readonly string[] {
    return ["firstMoment", "secondMoment"];
  }

  protected updateParameter(update: ParameterUpdate<Required<LambOptions>>): void {
    const { parameter, options, learningRate } = update;
    const { epsilon, weightDecay, maximumNorm, alwaysAdapt } = options;
    const gradient = maximumNorm === Infinity ? update.gradient : update.gradient.div(maximum(this.#normOf(update).div(maximumNorm), 1));
    const { correction1, correction2 } = adamStep(update);
    const { first, second } = moveMoments(update, gradient);
    const deviation = second.div(correction2).sqrt();
    let step = first.div(correction1).div(deviation.add(epsilon));
    if (weightDecay !== 0) step = step.add(parameter.value.mul(weightDecay));
    if (weightDecay !== 0 || alwaysAdapt) step = step.mul(trustRatio(parameter.value, step));
    parameter.set(parameter.value.sub(step.mul(learningRate)));
  }

  #normOf({ gradients }: ParameterUpdate<Required<LambOptions>>): Tensor {
    if (this.#measured?.gradients !== gradients) {
      const own = this.groups.flatMap(({ parameters }) => parameters.map((parameter) => [parameter, gradients.get(parameter)!] as const));
      this.#measured = { gradients, norm: globalNorm(new Map(own)) };
    }
    return this.#measured.norm;
  }
}

/** ‖θ‖/‖step‖; 1 where either is 0. */
function trustRatio(weights: Tensor, step: Tensor): Tensor {
  const [long, short] = [norm(weights), norm(step)];
  return where(logicalAnd(greater(long, 0), greater(short, 0)), long.div(short), onesLike(long));
}
