/** Convolution over volumes `[B, D, H, W, C]`: films, and scans of bodies. Tran et al. 2015, arXiv:1412.0767. */

import { conv3d, type Rng, type Tensor, type Triple } from "@dl/core";
import type { Initializer } from "../init/initializer.ts";
import { fanInUniform } from "../init/variance-scaling.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkGroupedChannels, checkRng, tripleOf } from "./check-options.ts";

export interface Conv3dOptions {
  /** Channels in and out. */
  inputs: number;
  outputs: number;
  /** Depth, height and width of the kernel. */
  kernelSize: Triple;
  /** Default 1. */
  stride?: Triple;
  /** Zeros on both sides of depth, height and width. Default 0. */
  padding?: Triple;
  /** Default 1. */
  dilation?: Triple;
  /** Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** Default uniform in ±1/√fanIn. */
  weightInit?: Initializer;
  rng: Rng;
}

/** `[B, D, H, W, inputs]` → `[B, D', H', W', outputs]`. */
export class Conv3d extends Module {
  /** `[kd, kh, kw, inputs / groups, outputs]` */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | undefined;
  readonly options: Required<Pick<Conv3dOptions, "stride" | "padding" | "dilation" | "groups">>;

  constructor({
    inputs,
    outputs,
    kernelSize,
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
    bias = true,
    weightInit = fanInUniform,
    rng,
  }: Conv3dOptions) {
    super();
    checkGroupedChannels("Conv3d", { inputs, outputs, groups });
    checkRng("Conv3d", rng);
    const kernel = tripleOf("Conv3d", ["kernelSize", kernelSize]);
    tripleOf("Conv3d", ["stride", stride]);
    tripleOf("Conv3d", ["dilation", dilation]);
    const perGroup = inputs / groups;
    const fanIn = kernel[0] * kernel[1] * kernel[2] * perGroup;
    this.weight = new Parameter(weightInit([...kernel, perGroup, outputs], { rng: rng.fork("weight") }));
    this.bias = bias ? new Parameter(fanInUniform([outputs], { rng: rng.fork("bias"), fanIn })) : undefined;
    this.options = { stride, padding, dilation, groups };
  }

  forward(x: Tensor): Tensor {
    return conv3d(x, this.weight.value, { ...this.options, bias: this.bias?.value });
  }
}
