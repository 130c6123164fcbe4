/** Initialisers that keep the variance from layer to layer: Glorot, He, LeCun. */

import type { HostTensor, Rng, Shape } from "@dl/core";
import { checkChoice } from "../check-choice.ts";
import { fansOf, gains } from "./initializer.ts";

export interface HeOptions {
  rng: Rng;
  /** Keep the variance of activations (`in`) or of gradients (`out`). Default `in`. */
  fan?: "in" | "out";
  /** See `gains`. Default √2, for ReLU. */
  gain?: number;
}

/** Normal with deviation gain/√fan. He et al. 2015, arXiv:1502.01852, equation 10; Kaiming is his first name. */
export function heNormal(shape: Shape, { rng, fan = "in", gain = gains.relu }: HeOptions): HostTensor {
  return rng.normal(shape, 0, gain / Math.sqrt(fanOf(shape, fan)));
}

/** Uniform with the same deviation: ±gain·√(3/fan). */
export function heUniform(shape: Shape, { rng, fan = "in", gain = gains.relu }: HeOptions): HostTensor {
  return symmetric(shape, { rng, bound: gain * Math.sqrt(3 / fanOf(shape, fan)) });
}

export interface GlorotOptions {
  rng: Rng;
  /** See `gains`. Default 1. */
  gain?: number;
}

/** Normal with deviation gain·√(2/(fanIn + fanOut)). Glorot and Bengio 2010, equation 12; Xavier is his first name. */
export function glorotNormal(shape: Shape, { rng, gain = 1 }: GlorotOptions): HostTensor {
  return rng.normal(shape, 0, gain * Math.sqrt(2 / fanSum(shape)));
}

/** Uniform in ±gain·√(6/(fanIn + fanOut)). Glorot and Bengio 2010, equation 16. Keras starts its layers so. */
export function glorotUniform(shape: Shape, { rng, gain = 1 }: GlorotOptions): HostTensor {
  return symmetric(shape, { rng, bound: gain * Math.sqrt(6 / fanSum(shape)) });
}

/** Normal with deviation 1/√fanIn. LeCun et al. 1998, "Efficient BackProp", equation 16; for SELU. */
export function lecunNormal(shape: Shape, { rng }: { rng: Rng }): HostTensor {
  return heNormal(shape, { rng, gain: 1 });
}

/** Uniform with the same deviation: ±√(3/fanIn). */
export function lecunUniform(shape: Shape, { rng }: { rng: Rng }): HostTensor {
  return heUniform(shape, { rng, gain: 1 });
}

/** Uniform in ±1/√fanIn: how PyTorch starts its linear and convolution layers, and how ours start. */
export function fanInUniform(shape: Shape, { rng, fanIn = fansOf(shape).fanIn }: { rng: Rng; fanIn?: number }): HostTensor {
  return symmetric(shape, { rng, bound: fanIn === 0 ? 0 : 1 / Math.sqrt(fanIn) });
}

function fanOf(shape: Shape, fan: "in" | "out"): number {
  checkChoice("init", ["fan", fan], { of: ["in", "out"] });
  const { fanIn, fanOut } = fansOf(shape);
  // An empty weight has no element to draw: any positive fan keeps the formula finite.
  return Math.max(1, fan === "in" ? fanIn : fanOut);
}

function fanSum(shape: Shape): number {
  const { fanIn, fanOut } = fansOf(shape);
  return Math.max(1, fanIn + fanOut);
}

function symmetric(shape: Shape, { rng, bound }: { rng: Rng; bound: number }): HostTensor {
  return rng.uniform(shape, -bound, bound);
}
