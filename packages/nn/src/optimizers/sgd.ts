/** Stochastic gradient descent, with momentum as PyTorch defines it. Sutskever et al. 2013, "On the importance of initialization and momentum". */

import { OptionError, sgdUpdate } from "@dl/core";
import type { Schedule } from "../schedules/schedule.ts";
import { type CommonOptions, Optimizer, type ParameterUpdate, type Trainable } from "./optimizer.ts";

export interface SgdOptions extends CommonOptions {
  /** Share of the velocity that stays from step to step; a number, or a schedule such as `oneCycleMomentum`. Default 0. */
  momentum?: number | Schedule;
  /** Share of the gradient that does not enter the velocity. Default 0. */
  dampening?: number;
  /** Looks ahead along the velocity. Default false. */
  nesterov?: boolean;
  /** Times the parameter, added to its gradient. Default 0. */
  weightDecay?: number;
}

/** v ← μv + (1 − d)g, θ ← θ − ηv; the first velocity is g. */
export class Sgd extends Optimizer<Required<SgdOptions>> {
  constructor(
    trainable: Trainable<Required<SgdOptions>>,
    { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 }: SgdOptions,
  ) {
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new OptionError(`Sgd: expected momentum and no dampening with nesterov, got ${String(momentum)} and ${dampening}.`);
    }
    super(trainable, { learningRate, momentum, dampening, nesterov, weightDecay });
  }

  protected slotNames({ momentum }: Required<SgdOptions>): readonly string[] {
    return momentum === 0 ? [] : ["velocity"];
  }

  protected updateParameter({ parameter, gradient, slots, options, learningRate, step }: ParameterUpdate<Required<SgdOptions>>): void {
    const { momentum, dampening, nesterov, weightDecay } = options;
    sgdUpdate(parameter, gradient, {
      velocity: slots.velocity,
      step: {
        learningRate,
        momentum: typeof momentum === "number" ? momentum : momentum(step),
        dampening,
        nesterov,
        weightDecay,
        first: step === 0,
      },
    });
  }
}
