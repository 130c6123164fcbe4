/** Adagrad: steps divided by the root of all squared gradients so far. Duchi et al. 2011, "Adaptive subgradient methods". */

import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";
import { withDecay } from "./weight-decay.ts";

export interface AdagradOptions extends CommonOptions {
  /** Added to the root. Default 10⁻¹⁰. */
  epsilon?: number;
  /** Times the parameter, added to its gradient. Default 0. */
  weightDecay?: number;
  /** What the sum of squares starts with. Default 0. */
  initialSum?: number;
  /** The rate is divided by 1 + this · steps done. Default 0. */
  learningRateDecay?: number;
}

export class Adagrad extends Optimizer<Required<AdagradOptions>> {
  constructor(
    trainable: Trainable<Required<AdagradOptions>>,
    { learningRate, epsilon = 1e-10, weightDecay = 0, initialSum = 0, learningRateDecay = 0 }: AdagradOptions,
  ) {
    super(trainable, { learningRate, epsilon, weightDecay, initialSum, learningRateDecay });
  }

  protected slotNames(): readonly string[] {
    return ["sumOfSquares"];
  }

  protected updateParameter({ parameter, slots, options, learningRate, ...update }: ParameterUpdate<Required<AdagradOptions>>): void {
    const { epsilon, weightDecay, initialSum, learningRateDecay } = options;
    const gradient = withDecay(update.gradient, { parameter, weightDecay });
    const sum = slots.sumOfSquares!;
    const before = update.step === 0 && initialSum !== 0 ? sum.value.add(initialSum) : sum.value;
    sum.set(before.add(gradient.square()));
    const rate = learningRate / (1 + update.step * learningRateDecay);
    parameter.set(parameter.value.sub(gradient.div(sum.value.sqrt().add(epsilon)).mul(rate)));
  }
}
