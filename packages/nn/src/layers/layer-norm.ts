/** Layer normalisation. Ba et al. 2016, arXiv:1607.06450. */

import { layerNorm, type Tensor } from "@dl/core";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { axesOf, checkEpsilon } from "./check-options.ts";

/** Each vector `[…, size]`, or each part of several last axes where `size` is their shape, to mean 0 and variance 1, then scaled and shifted. */
export class LayerNorm extends Module {
  /** `[size]`, or the shape of the axes that are normalised together. */
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly epsilon: number;

  /** `epsilon` is added to the variance; default 1e-5. */
  constructor({ size, epsilon = 1e-5 }: { size: number | readonly number[]; epsilon?: number }) {
    super();
    const shape = axesOf("LayerNorm", size);
    checkEpsilon("LayerNorm", epsilon);
    this.weight = new Parameter(ones(shape));
    this.bias = new Parameter(zeros(shape));
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, { weight: this.weight.value, bias: this.bias.value, epsilon: this.epsilon });
  }
}
