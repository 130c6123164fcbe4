/**
 * Networks of inverted residuals whose width, depth, kernels and expansions are to be searched.
 * Sandler et al. 2018, "MobileNetV2", arXiv:1801.04381; the space as Cai et al. 2019, "ProxylessNAS", arXiv:1812.00332, section 4.
 */

import { globalAveragePool2d, OptionError, type Rng, relu6, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, DepthwiseConv2d, Linear, type Mode, Module } from "@dl/nn";
import { choice } from "../space/choice.ts";
import { record } from "../space/record.ts";
import { repeat } from "../space/repeat.ts";
import type { Space } from "../space/space.ts";

/** Blocks of one size; the first may halve it. */
export interface MobileStage {
  readonly channels: number;
  readonly blocks: readonly MobileBlock[];
}

export interface MobileBlock {
  readonly kernelSize: 3 | 5 | 7;
  /** Channels inside over those that come in. */
  readonly expansion: 3 | 6;
}

export interface MobileNetworkValue {
  readonly stages: readonly MobileStage[];
}

/**
 * @param options.stages  Default 3; each but the first halves the image.
 * @param options.depth  Fewest and most blocks of a stage. Default 1 to 4.
 */
export function mobileSpace({
  stages = 3,
  depth = [1, 4],
}: {
  stages?: number;
  depth?: readonly [number, number];
} = {}): Space<MobileNetworkValue> {
  const block = record<MobileBlock>({ kernelSize: choice([3, 5, 7]), expansion: choice([3, 6]) });
  const stage = record<MobileStage>({ channels: choice([16, 24, 32, 48, 64]), blocks: repeat(block, { times: depth }) });
  return record<MobileNetworkValue>({ stages: repeat(stage, { times: stages }) });
}

export interface MobileNetworkOptions extends MobileNetworkValue {
  /** Channels of the images. */
  inputs: number;
  classes: number;
  /** Channels of the stem. Default 16. */
  channels?: number;
  rng: Rng;
}

class ConvNorm extends Module {
  readonly conv: Conv2d | DepthwiseConv2d;
  readonly norm: BatchNorm;

  constructor(conv: Conv2d | DepthwiseConv2d, channels: number) {
    super();
    this.conv = conv;
    this.norm = new BatchNorm({ channels });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return this.norm.forward(this.conv.forward(x), mode);
  }
}

/** `[B, H, W, inputs]` → `[B, H / stride, W / stride, outputs]`. */
class InvertedResidual extends Module {
  readonly expand: ConvNorm;
  readonly depthwise: ConvNorm;
  readonly project: ConvNorm;
  readonly isResidual: boolean;

  constructor(
    { kernelSize, expansion }: MobileBlock,
    { inputs, outputs, stride, rng }: { inputs: number; outputs: number; stride: 1 | 2; rng: Rng },
  ) {
    super();
    const inner = inputs * expansion;
    // Bias off: batch norm subtracts it again.
    this.expand = new ConvNorm(new Conv2d({ inputs, outputs: inner, kernelSize: 1, bias: false, rng: rng.fork("expand") }), inner);
    const windows = { kernelSize, stride, padding: (kernelSize - 1) / 2, bias: false };
    this.depthwise = new ConvNorm(new DepthwiseConv2d({ channels: inner, ...windows, rng: rng.fork("depthwise") }), inner);
    this.project = new ConvNorm(new Conv2d({ inputs: inner, outputs, kernelSize: 1, bias: false, rng: rng.fork("project") }), outputs);
    this.isResidual = stride === 1 && inputs === outputs;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const inner = relu6(this.depthwise.forward(relu6(this.expand.forward(x, mode)), mode));
    const y = this.project.forward(inner, mode);
    return this.isResidual ? y.add(x) : y;
  }
}

/** Images `[B, H, W, inputs]` → logits `[B, classes]`. */
export class MobileNetwork extends Module {
  readonly stem: ConvNorm;
  readonly stages: readonly (readonly InvertedResidual[])[];
  readonly head: Linear;

  constructor({ stages, inputs, classes, channels = 16, rng }: MobileNetworkOptions) {
    super();
    if (stages.length === 0 || stages.some(({ blocks }) => blocks.length === 0)) {
      throw new OptionError("MobileNetwork: expected at least one stage, and a block in each, got fewer.");
    }
    this.stem = new ConvNorm(
      new Conv2d({ inputs, outputs: channels, kernelSize: 3, padding: 1, bias: false, rng: rng.fork("stem") }),
      channels,
    );
    let width = channels;
    this.stages = stages.map((stage, i) =>
      stage.blocks.map((block, j) => {
        const stride = i > 0 && j === 0 ? 2 : 1;
        const made = new InvertedResidual(block, {
          inputs: width,
          outputs: stage.channels,
          stride,
          rng: rng.fork(`stage ${i} block ${j}`),
        });
        width = stage.channels;
        return made;
      }),
    );
    this.head = new Linear({ inputs: width, outputs: classes, rng: rng.fork("head") });
  }

  forward(images: Tensor, mode: Mode): Tensor {
    let x = relu6(this.stem.forward(images, mode));
    for (const block of this.stages.flat()) x = block.forward(x, mode);
    return this.head.forward(globalAveragePool2d(x));
  }
}
