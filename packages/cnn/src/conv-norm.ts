/** A convolution and the batch normalisation after it: the brick of residual networks. */

import type { Rng, Tensor } from "@dl/core";
import { BatchNorm, Conv2d, init, type Mode, Module } from "@dl/nn";

export interface ConvNormOptions {
  inputs: number;
  outputs: number;
  kernelSize: number;
  /** Default 1. */
  stride?: number;
  /** Default 1; as many as channels for a depthwise convolution. */
  groups?: number;
  rng: Rng;
}

/** `[B, H, W, inputs]` → `[B, H / stride, W / stride, outputs]`; an odd kernel is padded to keep the size. */
export class ConvNorm extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm;

  constructor({ inputs, outputs, kernelSize, stride = 1, groups = 1, rng }: ConvNormOptions) {
    super();
    this.conv = new Conv2d({
      inputs,
      outputs,
      kernelSize,
      stride,
      groups,
      padding: (kernelSize - 1) / 2,
      // Bias off: batch norm subtracts it again.
      bias: false,
      // Fan-out keeps the variance of gradients. He et al. 2015, arXiv:1502.01852, section 2.2.
      weightInit: (shape, { rng }) => init.heNormal(shape, { rng, fan: "out" }),
      rng: rng.fork("conv"),
    });
    this.norm = new BatchNorm({ channels: outputs });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return this.norm.forward(this.conv.forward(x), mode);
  }
}
