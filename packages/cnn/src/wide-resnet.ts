/** Wide residual networks, with norms and activations before the convolutions. Zagoruyko and Komodakis 2016, arXiv:1605.07146, table 1 and figure 1. */

import { globalAveragePool2d, OptionError, type Rng, relu, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Dropout, init, Linear, type Mode, Module } from "@dl/nn";
import { type TorchPlace, torchField } from "./torch-state.ts";

export interface WideResNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Layers in all: 6 for each block of a stage, and 4. */
  depth: number;
  /** The widening factor k: the stages have 16k, 32k and 64k channels. */
  width: number;
  /** Dropped between the convolutions of a block. Section 2.4. Default 0. */
  dropout?: number;
  rng: Rng;
}

/** WRN-depth-width. */
export type WideResNetPreset = Pick<WideResNetOptions, "depth" | "width">;

export const wideResnet16x4: WideResNetPreset = { depth: 16, width: 4 };
export const wideResnet40x2: WideResNetPreset = { depth: 40, width: 2 };
export const wideResnet28x10: WideResNetPreset = { depth: 28, width: 10 };

interface BlockOptions {
  inputs: number;
  outputs: number;
  stride: number;
  dropout: number;
  rng: Rng;
}

const convolution = { bias: false, weightInit: init.heNormal } as const;

/** `[B, H, W, inputs]` → `[B, H / stride, W / stride, outputs]`. */
class WideBlock extends Module {
  readonly norm1: BatchNorm;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm;
  readonly conv2: Conv2d;
  readonly shortcut: Conv2d | undefined;
  readonly dropout: Dropout;

  constructor({ inputs, outputs, stride, dropout, rng }: BlockOptions) {
    super();
    this.norm1 = new BatchNorm({ channels: inputs });
    this.conv1 = new Conv2d({ inputs, outputs, kernelSize: 3, stride, padding: 1, ...convolution, rng: rng.fork("conv1") });
    this.norm2 = new BatchNorm({ channels: outputs });
    this.conv2 = new Conv2d({ inputs: outputs, outputs, kernelSize: 3, padding: 1, ...convolution, rng: rng.fork("conv2") });
    const differs = inputs !== outputs || stride !== 1;
    this.shortcut = differs ? new Conv2d({ inputs, outputs, kernelSize: 1, stride, ...convolution, rng: rng.fork("shortcut") }) : undefined;
    this.dropout = new Dropout({ rate: dropout });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const active = relu(this.norm1.forward(x, mode)); // [B, H, W, inputs]
    const y = relu(this.norm2.forward(this.conv1.forward(active), mode)); // [B, H / stride, W / stride, outputs]
    const residual = this.conv2.forward(this.dropout.forward(y, mode));
    // Where the shape changes, the activation is shared by both ways.
    return residual.add(this.shortcut?.forward(active) ?? x);
  }
}

/**
 * Images `[B, H, W, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError for a depth that is not 6n + 4, or widths that are no whole numbers.
 * @example
 * const model = new WideResNet({ ...wideResnet16x4, classes: 10, rng: rng.fork("init") });
 */
export class WideResNet extends Module {
  readonly stem: Conv2d;
  readonly stages: readonly (readonly WideBlock[])[];
  readonly norm: BatchNorm;
  readonly head: Linear;

  constructor({ channels = 3, classes, depth, width, dropout = 0, rng }: WideResNetOptions) {
    super();
    const blocks = (depth - 4) / 6;
    if ([channels, classes, width, blocks].some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `WideResNet: expected a depth of 10, 16, 22, … and whole numbers ≥ 1 for channels, classes and width, got ${depth}, ${channels}, ${classes} and ${width}.`,
      );
    }
    this.stem = new Conv2d({ inputs: channels, outputs: 16, kernelSize: 3, padding: 1, ...convolution, rng: rng.fork("stem") });
    let inputs = 16;
    this.stages = [16, 32, 64].map((channels, i) =>
      Array.from({ length: blocks }, (_, j) => {
        const stride = i > 0 && j === 0 ? 2 : 1;
        const block = new WideBlock({ inputs, outputs: channels * width, stride, dropout, rng: rng.fork(`stage${i + 1}.${j}`) });
        inputs = channels * width;
        return block;
      }),
    );
    this.norm = new BatchNorm({ channels: inputs });
    this.head = new Linear({ inputs, outputs: classes, rng: rng.fork("head") });
  }

  /** What the head sees: `[B, 64 · width]`. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = this.stem.forward(images); // [B, H, W, 16]
    for (const stage of this.stages) for (const block of stage) x = block.forward(x, mode); // halved from stage to stage
    return globalAveragePool2d(relu(this.norm.forward(x, mode)));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, classes]
  }

  /** The names of the common PyTorch port: `block1.layer.0.bn1.weight`, `block2.layer.0.convShortcut.weight`. */
  torchPlace(path: string): TorchPlace {
    const field = torchField(path.slice(path.lastIndexOf(".") + 1));
    const [, stage, block, layer] = /^stages\.(\d+)\.(\d+)\.(\w+)\./.exec(path) ?? [];
    if (path.startsWith("head.")) return { name: `fc.${field}` };
    if (stage === undefined) return { name: `${path.startsWith("stem.") ? "conv1" : "bn1"}.${field}` };
    const within = layer === "shortcut" ? "convShortcut" : layer!.replace("norm", "bn");
    return { name: `block${Number(stage) + 1}.layer.${block}.${within}.${field}` };
  }
}
