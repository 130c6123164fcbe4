/** Transposed convolution over sequences `[B, T, C]`: learned upsampling, of sound for instance. Zeiler et al. 2010, "Deconvolutional networks". */

import { convTranspose1d, type Tensor } from "@dl/core";
import { fanInUniform } from "../init/variance-scaling.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts, checkGroupedChannels, checkRng } from "./check-options.ts";
import type { Conv1dOptions } from "./conv1d.ts";

export interface ConvTranspose1dOptions extends Conv1dOptions {
  /** Added to the end of the result; not with padding `same`. Default 0. */
  outputPadding?: number;
}

/** `[B, T, inputs]` → `[B, T', outputs]`; with padding `same`, `stride` times as long. */
export class ConvTranspose1d extends Module {
  /** `[k, outputs / groups, inputs]`: of the convolution that leads back. */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | undefined;
  readonly options: Required<Pick<ConvTranspose1dOptions, "stride" | "padding" | "dilation" | "groups" | "outputPadding">>;

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
    rng,
  }: ConvTranspose1dOptions) {
    super();
    checkGroupedChannels("ConvTranspose1d", { inputs, outputs, groups });
    checkCounts("ConvTranspose1d", { kernelSize, stride, dilation });
    checkRng("ConvTranspose1d", rng);
    const perGroup = outputs / groups;
    // PyTorch counts the fan of the stored layout, which is that of the way back; so do we, to start alike.
    this.weight = new Parameter(weightInit([kernelSize, perGroup, inputs], { rng: rng.fork("weight") }));
    this.bias = bias ? new Parameter(fanInUniform([outputs], { rng: rng.fork("bias"), fanIn: kernelSize * perGroup })) : undefined;
    this.options = { stride, padding, dilation, groups, outputPadding };
  }

  forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight.value, { ...this.options, bias: this.bias?.value });
  }
}
