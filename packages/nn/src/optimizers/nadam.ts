/** NAdam: Adam with Nesterov's momentum, which grows as it runs. Dozat 2016, "Incorporating Nesterov momentum into Adam"; as PyTorch has it. */

import { type AdamOptions, adamStep, moveMoments } from "./adam.ts";
import { Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { shrink, withDecay } from "./weight-decay.ts";

export interface NAdamOptions extends Omit<AdamOptions, "amsgrad"> {
  /** How fast the momentum grows to `beta1`. Default 0.004. */
  momentumDecay?: number;
  /** Parameters shrink by learningRate · weightDecay, instead of a term in their gradient. Default false. */
  decoupled?: boolean;
}

export class NAdam extends Optimizer<Required<NAdamOptions>> {
  constructor(
    trainable: Trainable<Required<NAdamOptions>>,
    { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, momentumDecay = 0.004, decoupled = false }: NAdamOptions,
  ) {
    super(trainable, { learningRate, beta1, beta2, epsilon, weightDecay, momentumDecay, decoupled });
  }

  protected slotNames(): readonly string[] {
    return ["firstMoment", "secondMoment"];
  }

  protected updateParameter(update: ParameterUpdate<Required<NAdamOptions>>): void {
    const { parameter, options, learningRate, step } = update;
    const { beta1, epsilon, weightDecay, momentumDecay, decoupled } = options;
    if (decoupled) shrink(parameter, { learningRate, weightDecay });
    const gradient = decoupled ? update.gradient : withDecay(update.gradient, { parameter, weightDecay });
    const { first, second } = moveMoments(update, gradient);

    const momentum = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
    // Π μ₁ … μₜ, from the start each time, so that the step alone is state; beyond 10⁻¹⁷ it changes 1 − Π no more.
    let product = 1;
    for (let t = 1; t <= step + 1 && product > 1e-17; t++) product *= momentum(t);
    const [now, next] = [momentum(step + 1), momentum(step + 2)];
    const ahead = first.mul(next / (1 - product * next)).add(gradient.mul((1 - now) / (1 - product)));
    const deviation = second.div(adamStep(update).correction2).sqrt();
    parameter.set(parameter.value.sub(ahead.div(deviation.add(epsilon)).mul(learningRate)));
  }
}
