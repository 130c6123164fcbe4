/** Any explanation, averaged over noisy copies of the input. Smilkov et al. 2017, arXiv:1706.03825; squared, Hooker et al. 2019, arXiv:1806.10758. */

import { add, div, OptionError, type Rng, square, type Tensor, tensor } from "@dl/core";
import { fold } from "../freeing-loops.ts";

/** What explains inputs `[B, …]`: a tensor of attributions. */
export type Attribute = (inputs: Tensor) => Tensor;

export interface SmoothGradOptions {
  /** What is averaged. Fix its `target`: noise may change which class is best. */
  readonly attribute: Attribute;
  /** Of the noise, in the inputs' units; Smilkov et al. take 10 to 20 % of their range. */
  readonly standardDeviation: number;
  /** Noisy copies. Default 25. */
  readonly samples?: number;
  /** Average squares. Default false. */
  readonly squared?: boolean;
  readonly rng: Rng;
}

/**
 * @example
 * const inputs = tensor([[1, 2]]);
 * const attribute = (x: Tensor) => saliency(x, { forward: (y) => y.square(), target: 0 });
 * smoothGrad(inputs, { attribute, standardDeviation: 0.1, rng });
 */
export function smoothGrad(
  inputs: Tensor,
  { attribute, standardDeviation, samples = 25, squared = false, rng }: SmoothGradOptions,
): Tensor {
  if (!Number.isInteger(samples) || samples < 1) throw new OptionError(`smoothGrad: expected at least 1 sample, got ${samples}.`);
  if (!(standardDeviation >= 0 && standardDeviation < Infinity))
    throw new OptionError(`smoothGrad: expected a standardDeviation of at least 0, got ${standardDeviation}.`);
  const term = (): Tensor => {
    const map = attribute(add(inputs, tensor(rng.normal(inputs.shape, 0, standardDeviation)).cast(inputs.dtype)));
    return squared ? square(map) : map;
  };
  return div(fold(samples, { term, combine: add }), samples);
}
