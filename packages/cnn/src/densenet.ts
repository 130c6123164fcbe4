/** Densely connected networks, with bottlenecks and compression (DenseNet-BC). Huang et al. 2016, arXiv:1608.06993, table 1 and section 3. */

import { averagePool2d, concat, globalAveragePool2d, maxPool2d, OptionError, type Rng, relu, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Dropout, init, Linear, type Mode, Module } from "@dl/nn";
import { type TorchPlace, torchField } from "./torch-state.ts";

export interface DenseNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** First layer: `cifar` 3×3; `imagenet` 7×7 with stride 2 and a 3×3 max pool with stride 2. */
  stem: "cifar" | "imagenet";
  /** Layers in each dense block; between two blocks the image is halved, and so are the channels. */
  depths: readonly number[];
  /** Channels that each layer adds; k in the paper. */
  growth: number;
  /** Channels of the first layer. */
  width: number;
  /** Dropped after each layer. Default 0. */
  dropout?: number;
  rng: Rng;
}

/** A network of the paper, for the classes and images of one's own. */
export type DenseNetPreset = Pick<DenseNetOptions, "stem" | "depths" | "growth" | "width">;

/** 100 layers for 32×32 images; 0.8 million parameters. Section 4.2. */
export const densenet100: DenseNetPreset = { stem: "cifar", depths: [16, 16, 16], growth: 12, width: 24 };
/** For 224×224 images. Table 1. */
export const densenet121: DenseNetPreset = { stem: "imagenet", depths: [6, 12, 24, 16], growth: 32, width: 64 };
export const densenet169: DenseNetPreset = { stem: "imagenet", depths: [6, 12, 32, 32], growth: 32, width: 64 };
export const densenet201: DenseNetPreset = { stem: "imagenet", depths: [6, 12, 48, 32], growth: 32, width: 64 };

const convolution = { bias: false, weightInit: init.heNormal } as const;

/** Channels of the 1×1 convolution over the growth. */
const bottleneck = 4;

/** Looks at all channels so far, `[B, H, W, inputs]`, and makes `growth` new ones: `[B, H, W, growth]`. */
class DenseLayer extends Module {
  readonly norm1: BatchNorm;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm;
  readonly conv2: Conv2d;
  readonly dropout: Dropout;

  constructor({ inputs, growth, dropout, rng }: { inputs: number; growth: number; dropout: number; rng: Rng }) {
    super();
    const inner = bottleneck * growth;
    this.norm1 = new BatchNorm({ channels: inputs });
    this.conv1 = new Conv2d({ inputs, outputs: inner, kernelSize: 1, ...convolution, rng: rng.fork("conv1") });
    this.norm2 = new BatchNorm({ channels: inner });
    this.conv2 = new Conv2d({ inputs: inner, outputs: growth, kernelSize: 3, padding: 1, ...convolution, rng: rng.fork("conv2") });
    this.dropout = new Dropout({ rate: dropout });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const y = this.conv1.forward(relu(this.norm1.forward(x, mode))); // [B, H, W, 4 · growth]
    return this.dropout.forward(this.conv2.forward(relu(this.norm2.forward(y, mode))), mode);
  }
}

/** Between two blocks: `[B, H, W, inputs]` → `[B, H / 2, W / 2, inputs / 2]`. */
class Transition extends Module {
  readonly norm: BatchNorm;
  readonly conv: Conv2d;

  constructor({ inputs, rng }: { inputs: number; rng: Rng }) {
    super();
    this.norm = new BatchNorm({ channels: inputs });
    this.conv = new Conv2d({ inputs, outputs: Math.floor(inputs / 2), kernelSize: 1, ...convolution, rng: rng.fork("conv") });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return averagePool2d(this.conv.forward(relu(this.norm.forward(x, mode))), { kernelSize: 2 });
  }
}

/**
 * Images `[B, H, W, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError for blocks without layers, or widths that are no whole numbers.
 * @example
 * const model = new DenseNet({ ...densenet100, classes: 10, rng: rng.fork("init") });
 */
export class DenseNet extends Module {
  readonly stemConv: Conv2d;
  /** Only before a pool: elsewhere the first layer begins with a norm of its own. */
  readonly stemNorm: BatchNorm | undefined;
  readonly blocks: readonly (readonly DenseLayer[])[];
  readonly transitions: readonly Transition[];
  readonly norm: BatchNorm;
  readonly head: Linear;

  constructor({ channels = 3, classes, stem, depths, growth, width, dropout = 0, rng }: DenseNetOptions) {
    super();
    const counts = [channels, classes, growth, width, ...depths];
    if (depths.length === 0 || counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `DenseNet: expected whole numbers ≥ 1 for channels, classes, growth, width and every block of depths, got ${channels}, ${classes}, ${growth}, ${width} and [${depths.join(", ")}].`,
      );
    }
    const first = stem === "imagenet" ? { kernelSize: 7, stride: 2, padding: 3 } : { kernelSize: 3, padding: 1 };
    this.stemConv = new Conv2d({ inputs: channels, outputs: width, ...first, ...convolution, rng: rng.fork("stem") });
    this.stemNorm = stem === "imagenet" ? new BatchNorm({ channels: width }) : undefined;
    const blocks: DenseLayer[][] = [];
    const transitions: Transition[] = [];
    let inputs = width;
    for (const [i, depth] of depths.entries()) {
      if (i > 0) {
        transitions.push(new Transition({ inputs, rng: rng.fork(`transition${i}`) }));
        inputs = Math.floor(inputs / 2);
      }
      const layer = (_: unknown, j: number): DenseLayer =>
        new DenseLayer({ inputs: inputs + j * growth, growth, dropout, rng: rng.fork(`block${i + 1}.${j}`) });
      blocks.push(Array.from({ length: depth }, layer));
      inputs += depth * growth;
    }
    this.blocks = blocks;
    this.transitions = transitions;
    this.norm = new BatchNorm({ channels: inputs });
    this.head = new Linear({ inputs, outputs: classes, biasInit: init.zeros, rng: rng.fork("head") });
  }

  /** What the head sees: `[B, channels of the last block]`. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = this.stemConv.forward(images); // [B, H, W, width]; H / 2 with the ImageNet stem
    if (this.stemNorm) x = maxPool2d(relu(this.stemNorm.forward(x, mode)), { kernelSize: 3, stride: 2, padding: 1 }); // [B, H / 4, W / 4, width]
    for (const [i, block] of this.blocks.entries()) {
      if (i > 0) x = this.transitions[i - 1]!.forward(x, mode); // halved
      for (const layer of block) x = concat([x, layer.forward(x, mode)], { axis: 3 }); // growth channels more
    }
    return globalAveragePool2d(relu(this.norm.forward(x, mode)));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, classes]
  }

  /** torchvision's names: `features.denseblock1.denselayer2.norm1.weight`, `features.transition1.conv.weight`. */
  torchPlace(path: string): TorchPlace {
    const field = torchField(path.slice(path.lastIndexOf(".") + 1));
    const [kind, first, second, layer] = path.split(".");
    if (kind === "head") return { name: `classifier.${field}` };
    if (kind === "blocks") {
      const start = `features.denseblock${Number(first) + 1}.denselayer${Number(second) + 1}`;
      // torchvision's published files still say `norm.1`: its `_load_state_dict` renames them.
      return { name: `${start}.${layer}.${field}`, olderName: `${start}.${layer!.replace(/\d$/, ".$&")}.${field}` };
    }
    if (kind === "transitions") return { name: `features.transition${Number(first) + 1}.${second}.${field}` };
    const names: Record<string, string> = { stemConv: "conv0", stemNorm: "norm0", norm: "norm5" };
    return { name: `features.${names[kind!]}.${field}` };
  }
}
