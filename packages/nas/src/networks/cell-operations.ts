/** Operations of cells, by name; all keep the channels, and the image's size but for a stride of 2. Dong and Yang 2020, arXiv:2001.00326, section 2.1. */

import { type Rng, relu, type Tensor } from "@dl/core";
import { AveragePool2d, BatchNorm, Conv2d, DepthwiseConv2d, MaxPool2d, type Mode, Module } from "@dl/nn";

/** Images `[B, H, W, C]` → `[B, H / stride, W / stride, C]`. */
export type CellOperationModule = Module & { forward(x: Tensor, mode: Mode): Tensor };

interface ConvolutionOptions extends CellOperationOptions {
  kernelSize: number;
}

/** ReLU, convolution, batch normalisation: in this order, so that sums of edges are not all positive. */
export class ReluConvNorm extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm;

  constructor({ channels, inputs = channels, kernelSize, stride = 1, rng }: ConvolutionOptions & { inputs?: number }) {
    super();
    // Bias off: batch norm subtracts it again.
    this.conv = new Conv2d({ ...{ inputs, outputs: channels, kernelSize, stride }, padding: "same", bias: false, rng: rng.fork("conv") });
    this.norm = new BatchNorm({ channels });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return this.norm.forward(this.conv.forward(relu(x)), mode);
  }
}

/** ReLU, each channel on its own, then all of them at each pixel, batch normalisation. Chollet 2017, arXiv:1610.02357. */
class SeparableConvNorm extends Module {
  readonly depthwise: DepthwiseConv2d;
  readonly pointwise: Conv2d;
  readonly norm: BatchNorm;

  constructor({ channels, kernelSize, stride = 1, rng }: ConvolutionOptions) {
    super();
    this.depthwise = new DepthwiseConv2d({ channels, kernelSize, stride, padding: "same", bias: false, rng: rng.fork("depthwise") });
    this.pointwise = new Conv2d({ inputs: channels, outputs: channels, kernelSize: 1, bias: false, rng: rng.fork("pointwise") });
    this.norm = new BatchNorm({ channels });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return this.norm.forward(this.pointwise.forward(this.depthwise.forward(relu(x))), mode);
  }
}

export type CellOperation = "none" | "skip" | "conv1x1" | "conv3x3" | "separable3x3" | "separable5x5" | "avgPool3x3" | "maxPool3x3";

export interface CellOperationOptions {
  channels: number;
  /** Default 1. */
  stride?: 1 | 2;
  rng: Rng;
}

export type CellOperationMaker = (options: CellOperationOptions) => CellOperationModule;

/** `none` and `skip` need no module: a cell knows them. */
export const cellOperations: Readonly<Record<Exclude<CellOperation, "none" | "skip">, CellOperationMaker>> = {
  conv1x1: (options) => new ReluConvNorm({ ...options, kernelSize: 1 }),
  conv3x3: (options) => new ReluConvNorm({ ...options, kernelSize: 3 }),
  separable3x3: (options) => new SeparableConvNorm({ ...options, kernelSize: 3 }),
  separable5x5: (options) => new SeparableConvNorm({ ...options, kernelSize: 5 }),
  avgPool3x3: ({ stride = 1 }) => new AveragePool2d({ kernelSize: 3, stride, padding: "same" }),
  maxPool3x3: ({ stride = 1 }) => new MaxPool2d({ kernelSize: 3, stride, padding: "same" }),
};
