/** Convolution over sequences `[B, T, C]`. */

import { conv1d, type Rng, type SequencePadding, type Tensor } from "@dl/core";
import type { Initializer } from "../init/initializer.ts";
import { fanInUniform } from "../init/variance-scaling.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { checkCounts, checkGroupedChannels, checkRng } from "./check-options.ts";

export interface Conv1dOptions {
  /** Channels in and out. */
  inputs: number;
  outputs: number;
  kernelSize: number;
  /** Default 1. */
  stride?: number;
  /** Default `valid`. */
  padding?: SequencePadding;
  /** Default 1. */
  dilation?: number;
  /** Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** Default uniform in ±1/√fanIn. */
  weightInit?: Initializer;
  rng: Rng;
}

/** `[B, T, inputs]` → `[B, T', outputs]`. */
export class Conv1d extends Module {
  /** `[k, inputs / groups, outputs]` */
  readonly weight: Parameter;
  /** `[outputs]` */
  readonly bias: Parameter | undefined;
  readonly options: Required<Pick<Conv1dOptions, "stride" | "padding" | "dilation" | "groups">>;

  constructor({
    inputs,
    outputs,
    kernelSize,
    stride = 1,
    padding = "valid",
    dilation = 1,
    groups = 1,
    bias = true,
    weightInit = fanInUniform,
    rng,
  }: Conv1dOptions) {
    super();
    checkGroupedChannels("Conv1d", { inputs, outputs, groups });
    checkCounts("Conv1d", { kernelSize, stride, dilation });
    checkRng("Conv1d", rng);
    const perGroup = inputs / groups;
    this.weight = new Parameter(weightInit([kernelSize, perGroup, outputs], { rng: rng.fork("weight") }));
    this.bias = bias ? new Parameter(fanInUniform([outputs], { rng: rng.fork("bias"), fanIn: kernelSize * perGroup })) : undefined;
    this.options = { stride, padding, dilation, groups };
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight.value, { ...this.options, bias: this.bias?.value });
  }
}
