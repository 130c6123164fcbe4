/** Transposed convolution: learned upsampling. Zeiler et al. 2010, "Deconvolutional networks". */

import { convTranspose2d, type Pair, type Tensor, type WindowPadding } from "@dl/core";
import type { Initializer } from "../init/initializer.ts";
import { fanInUniform } from "../init/variance-scaling.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkGroupedChannels, checkRng, pairOf } from "./check-options.ts";
import type { Conv2dOptions } from "./conv2d.ts";

export interface ConvTranspose2dOptions extends Omit<Conv2dOptions, "activation"> {
  /** Added to one side of the result's height and width. Default 0. */
  outputPadding?: Pair;
}

/** `[B, H, W, inputs]` → `[B, H', W', outputs]`; with padding `same`, `stride` times as large. */
export class ConvTranspose2d extends Module {
  /** `[kh, kw, outputs / groups, inputs]`: of the convolution that leads back. */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | undefined;
  readonly options: {
    readonly stride: Pair;
    readonly padding: WindowPadding;
    readonly dilation: Pair;
    readonly groups: number;
    readonly outputPadding: Pair;
  };

  constructor({
    inputs,
    outputs,
    kernelSize,
    stride = 1,
    padding = "valid",
    dilation = 1,
    groups = 1,
    outputPadding = 0,
    bias = true,
    weightInit = fanInUniform,
    biasInit,
    rng,
  }: ConvTranspose2dOptions) {
    super();
    checkGroupedChannels("ConvTranspose2d", { inputs, outputs, groups });
    checkRng("ConvTranspose2d", rng);
    const [height, width] = pairOf("ConvTranspose2d", ["kernelSize", kernelSize]);
    pairOf("ConvTranspose2d", ["stride", stride]);
    pairOf("ConvTranspose2d", ["dilation", dilation]);
    const perGroup = outputs / groups;
    // PyTorch counts the fan of the stored layout, which is that of the way back; so do we, to start alike.
    const initBias: Initializer = biasInit ?? ((shape, { rng }) => fanInUniform(shape, { rng, fanIn: height * width * perGroup }));
    this.weight = new Parameter(weightInit([height, width, perGroup, inputs], { rng: rng.fork("weight") }));
    this.bias = bias ? new Parameter(initBias([outputs], { rng: rng.fork("bias") })) : undefined;
    this.options = { stride, padding, dilation, groups, outputPadding };
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight.value, { ...this.options, bias: this.bias?.value });
  }
}
