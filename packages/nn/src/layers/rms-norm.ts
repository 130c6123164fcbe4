/** Root-mean-square normalisation. Zhang and Sennrich 2019, arXiv:1910.07467. */

import { rmsNorm, type Tensor } from "@dl/core";
import { ones } from "../init/constant.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { axesOf, checkEpsilon } from "./check-options.ts";

/** Each vector `[…, size]`, or each part of several last axes where `size` is their shape, to mean square 1, then scaled. */
export class RmsNorm extends Module {
  /** `[size]`, or the shape of the axes that are normalised together. */
  readonly weight: Parameter;
  readonly epsilon: number;

  /** `epsilon` is added to the mean square; default 1e-6. */
  constructor({ size, epsilon = 1e-6 }: { size: number | readonly number[]; epsilon?: number }) {
    super();
    const shape = axesOf("RmsNorm", size);
    checkEpsilon("RmsNorm", epsilon);
    this.weight = new Parameter(ones(shape));
    this.epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, { weight: this.weight.value, epsilon: this.epsilon });
  }
}
