/** Layer normalisation. Ba et al. 2016, arXiv:1607.06450. */

import { layerNorm, type Tensor } from "@dl/core";
import { ones, zeros } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts } from "./check-options.ts";

/** Each vector `[…, size]` to mean 0 and variance 1, then scaled and shifted. */
export class LayerNorm extends Module {
  /** `[size]` */
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly epsilon: number;

  /** `epsilon` is added to the variance; default 1e-5. */
  constructor({ size, epsilon = 1e-5 }: { size: number; epsilon?: number }) {
    super();
    checkCounts("LayerNorm", { size });
    this.weight = new Parameter(ones([size]));
    this.bias = new Parameter(zeros([size]));
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, { weight: this.weight.value, bias: this.bias.value, epsilon: this.epsilon });
  }
}
