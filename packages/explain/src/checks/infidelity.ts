/** Whether an explanation says how the score changes. Infidelity and max-sensitivity: Yeh et al. 2019, arXiv:1901.09392, definitions 2.1 and 3.1. */

import {
  add,
  argmax,
  div,
  fill,
  formatShape,
  maximum,
  mul,
  OptionError,
  type Rng,
  ShapeError,
  sameShape,
  scope,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  where,
} from "@dl/core";
import { fold } from "../freeing-loops.ts";
import type { Attribute } from "../gradients/smooth-grad.ts";
import { type ChosenTarget, type Forward, type TargetOptions, targetScores } from "../target.ts";

export interface InfidelityOptions extends TargetOptions {
  readonly forward: Forward;
  /** Of the inputs' shape, in units of score ÷ input: gradients; divide input × gradient and the like by the input. */
  readonly attributions: Tensor;
  /** Of the Gaussian perturbations, in the inputs' units; above 0. */
  readonly standardDeviation: number;
  /** Default 50. */
  readonly samples?: number;
  readonly rng: Rng;
}

/**
 * Mean over perturbations I of (I · attributions − (score(x) − score(x − I)))², `[B]`. 0 for the gradient of a linear model; smaller is better.
 *
 * @throws ShapeError unless attributions have the inputs' shape: a heat map `[B, H, W]` says nothing of single channels.
 */
export function infidelity(inputs: Tensor, options: InfidelityOptions): Tensor {
  const { forward, attributions, standardDeviation, samples = 50, rng, target } = options;
  requireSamples("infidelity", samples);
  if (!sameShape(attributions.shape, inputs.shape)) {
    throw new ShapeError(
      `infidelity: expected attributions of the inputs' shape ${formatShape(inputs.shape)}, got ${formatShape(attributions.shape)}. Take one value for each input, such as a gradient.`,
    );
  }
  if (!(standardDeviation > 0 && standardDeviation < Infinity)) {
    throw new OptionError(`infidelity: expected a standardDeviation above 0, got ${standardDeviation}.`);
  }
  const axes = inputs.shape.map((_, axis) => axis).slice(1);
  const { chosen, whole } = scope(() => {
    const scores = forward(inputs);
    const chosen: ChosenTarget = target === undefined ? { chosen: argmax(scores, -1) } : { target };
    return { chosen, whole: targetScores("infidelity", scores, chosen) }; // [B]
  });
  const term = (): Tensor => {
    const change = tensor(rng.normal(inputs.shape, 0, standardDeviation)).cast(inputs.dtype);
    const said = sum(mul(change, attributions), axes);
    const done = sub(whole, targetScores("infidelity", forward(sub(inputs, change)), chosen));
    return square(sub(said, done));
  };
  return fold(samples, { term, combine: add }).div(samples);
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

/**
 * The largest ‖attribute(x + δ) − attribute(x)‖ ÷ ‖attribute(x)‖ over random δ of at most `radius`, `[B]`: how jumpy an explanation is.
 * Where attribute(x) is zeros, which Grad-CAM may give, the change itself, as in captum.
 */
export function sensitivity(inputs: Tensor, { attribute, radius, samples = 10, rng }: SensitivityOptions): Tensor {
  requireSamples("sensitivity", samples);
  if (!(radius > 0 && radius < Infinity)) throw new OptionError(`sensitivity: expected a radius above 0, got ${radius}.`);
  const map = attribute(inputs);
  if (map.rank === 0 || map.shape[0] !== inputs.shape[0]) {
    throw new ShapeError(
      `sensitivity: expected attributions of ${inputs.shape[0]} examples, [${inputs.shape[0]}, …], got ${formatShape(map.shape)}.`,
    );
  }
  // Of the map, not of the inputs: Grad-CAM and occlusion give [B, H, W] for images [B, H, W, C].
  const axes = map.shape.map((_, axis) => axis).slice(1);
  const unit = scope(() => {
    const length = sum(square(map), axes).sqrt();
    return where(length.equal(0), fill([], 1, { dtype: length.dtype }), length);
  });
  const term = (): Tensor => {
    const moved = attribute(inputs.add(tensor(rng.uniform(inputs.shape, -radius, radius)).cast(inputs.dtype)));
    return div(sum(square(sub(moved, map)), axes).sqrt(), unit);
  };
  return fold(samples, { term, combine: maximum });
}

function requireSamples(where: string, samples: number): void {
  if (!Number.isInteger(samples) || samples < 1) throw new OptionError(`${where}: expected at least 1 sample, got ${samples}.`);
}
