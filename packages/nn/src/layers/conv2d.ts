/** Convolution layers over images `[B, H, W, C]`. LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition". */

import { conv2d, type Pair, type Rng, type Tensor, type WindowPadding } from "@dl/core";
import type { Initializer } from "../init/initializer.ts";
import { fanInUniform } from "../init/variance-scaling.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkActivation, checkGroupedChannels, checkRng, pairOf } from "./check-options.ts";

export interface Conv2dOptions {
  /** Channels in and out. */
  inputs: number;
  outputs: number;
  /** Height and width of the kernel. */
  kernelSize: Pair;
  /** Default 1. */
  stride?: Pair;
  /** Default `valid`. */
  padding?: WindowPadding;
  /** Default 1. */
  dilation?: Pair;
  /** Channels are split into as many groups, each with its own weights. Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** Applied last, in the same kernel. Default none. */
  activation?: "relu";
  /** Default uniform in ±1/√fanIn. */
  weightInit?: Initializer;
  /** Default uniform in ±1/√fanIn. */
  biasInit?: Initializer;
  rng: Rng;
}

/** `[B, H, W, inputs]` → `[B, H', W', outputs]`. */
export class Conv2d extends Module {
  /** `[kh, kw, inputs / groups, outputs]` */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | undefined;
  readonly options: ConvolutionSettings;

  constructor({
    inputs,
    outputs,
    kernelSize,
    stride = 1,
    padding = "valid",
    dilation = 1,
    groups = 1,
    bias = true,
    activation,
    weightInit = fanInUniform,
    biasInit,
    rng,
  }: Conv2dOptions) {
    super();
    checkGroupedChannels("Conv2d", { inputs, outputs, groups });
    checkActivation("Conv2d", activation);
    checkRng("Conv2d", rng);
    const [height, width] = pairOf("Conv2d", ["kernelSize", kernelSize]);
    pairOf("Conv2d", ["stride", stride]);
    pairOf("Conv2d", ["dilation", dilation]);
    const perGroup = inputs / groups;
    const initBias: Initializer = biasInit ?? ((shape, { rng }) => fanInUniform(shape, { rng, fanIn: height * width * perGroup }));
    this.weight = new Parameter(weightInit([height, width, perGroup, outputs], { rng: rng.fork("weight") }));
    this.bias = bias ? new Parameter(initBias([outputs], { rng: rng.fork("bias") })) : undefined;
    this.options = { stride, padding, dilation, groups, activation };
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight.value, { ...this.options, bias: this.bias?.value });
  }
}

/** How a convolution slides. */
export interface ConvolutionSettings {
  readonly stride: Pair;
  readonly padding: WindowPadding;
  readonly dilation: Pair;
  readonly groups: number;
  readonly activation: "relu" | undefined;
}

export interface DepthwiseConv2dOptions extends Omit<Conv2dOptions, "inputs" | "outputs" | "groups"> {
  channels: number;
  /** Output channels per input channel. Default 1. */
  multiplier?: number;
}

/** Each channel on its own: `[B, H, W, C]` → `[B, H', W', C · multiplier]`. Chollet 2017, arXiv:1610.02357. */
export class DepthwiseConv2d extends Module {
  readonly convolution: Conv2d;

  constructor({ channels, multiplier = 1, ...options }: DepthwiseConv2dOptions) {
    super();
    this.convolution = new Conv2d({ inputs: channels, outputs: channels * multiplier, groups: channels, ...options });
  }

  forward(x: Tensor): Tensor {
    return this.convolution.forward(x);
  }
}
