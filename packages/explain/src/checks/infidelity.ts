/** Whether an explanation says how the score changes. Infidelity and max-sensitivity: Yeh et al. 2019, arXiv:1901.09392, definitions 2.1 and 3.1. */

import { argmax, mul, OptionError, type Rng, scope, square, sub, sum, type Tensor, tensor, zeros } from "@dl/core";
import type { Attribute } from "../gradients/smooth-grad.ts";
import { type ChosenTarget, type Forward, type TargetOptions, targetScores } from "../target.ts";

export interface InfidelityOptions extends TargetOptions {
  readonly forward: Forward;
  /** Attributions in units of score ÷ input: gradients; divide input × gradient and the like by the input. */
  readonly attributions: Tensor;
  /** Standard deviation of the Gaussian perturbations. */
  readonly standardDeviation: number;
  /** Default 50. */
  readonly samples?: number;
  readonly rng: Rng;
}

/**
 * Mean over perturbations I of (I · attributions − (score(x) − score(x − I)))², `[B]`. 0 for the gradient of a linear model; smaller is better.
 */
export function infidelity(inputs: Tensor, options: InfidelityOptions): Tensor {
  const { forward, attributions, standardDeviation, samples = 50, rng, target } = options;
  requireSamples("infidelity", samples);
  const count = inputs.shape[0]!;
  const axes = inputs.shape.map((_, axis) => axis).slice(1);
  const { chosen, whole } = scope(() => {
    const scores = forward(inputs);
    const chosen: ChosenTarget = target === undefined ? { chosen: argmax(scores, -1) } : { target };
    return { chosen, whole: targetScores("infidelity", scores, chosen) };
  });
  let total = zeros([count], { dtype: inputs.dtype as "float32" });
  for (let sample = 0; sample < samples; sample++) {
    const before = total;
    total = scope(() => {
      const change = tensor(rng.normal(inputs.shape, 0, standardDeviation)).cast(inputs.dtype);
      const said = sum(mul(change, attributions), axes);
      const done = sub(whole, targetScores("infidelity", forward(sub(inputs, change)), chosen));
      return before.add(square(sub(said, done)));
    });
  }
  return total.div(samples);
}

export interface SensitivityOptions {
  /** The explanation. Fix its `target`. */
  readonly attribute: Attribute;
  /** Largest change of any input. */
  readonly radius: number;
  /** Default 10. */
  readonly samples?: number;
  readonly rng: Rng;
}

/** The largest ‖attribute(x + δ) − attribute(x)‖ ÷ ‖attribute(x)‖ over random δ of at most `radius`, `[B]`: how jumpy an explanation is. */
export function sensitivity(inputs: Tensor, { attribute, radius, samples = 10, rng }: SensitivityOptions): Tensor {
  requireSamples("sensitivity", samples);
  if (!(radius > 0)) throw new OptionError(`sensitivity: expected a radius above 0, got ${radius}.`);
  const axes = inputs.shape.map((_, axis) => axis).slice(1);
  const map = attribute(inputs);
  const length = scope(() => sum(square(map), axes).sqrt());
  let worst = zeros([inputs.shape[0]!], { dtype: inputs.dtype as "float32" });
  for (let sample = 0; sample < samples; sample++) {
    const before = worst;
    worst = scope(() => {
      const moved = attribute(inputs.add(tensor(rng.uniform(inputs.shape, -radius, radius)).cast(inputs.dtype)));
      const change = sum(square(sub(moved, map)), axes)
        .sqrt()
        .div(length);
      return before.add(change.sub(before).relu());
    });
  }
  return worst;
}

function requireSamples(where: string, samples: number): void {
  if (!Number.isInteger(samples) || samples < 1) throw new OptionError(`${where}: expected at least 1 sample, got ${samples}.`);
}
