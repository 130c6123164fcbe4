/** Residual networks. He et al. 2015, "Deep residual learning for image recognition", arXiv:1512.03385, tables 1 and 6. */

import { globalAveragePool2d, maxPool2d, OptionError, pad, type Rng, relu, slice, type Tensor } from "@dl/core";
import { Linear, type Mode, Module } from "@dl/nn";
import { ConvNorm } from "./conv-norm.ts";
import { type TorchPlace, torchField } from "./torch-state.ts";

/** How a block's input reaches its output when the shapes differ: zeros for the new channels, or a 1×1 convolution. Section 3.3, options A and B. */
export type ResNetShortcut = "pad" | "project";

export interface ResNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** First layer: `cifar` 3×3; `imagenet` 7×7 with stride 2 and a 3×3 max pool with stride 2. */
  stem: "cifar" | "imagenet";
  /** Two 3×3 convolutions, or 1×1, 3×3 and 1×1 with four times the channels at the end. */
  block: "basic" | "bottleneck";
  /** Blocks in each stage; every stage after the first halves the image and doubles the channels. The first may be empty: the stem alone then sees the whole image. */
  depths: readonly number[];
  /** Channels of the first stage. */
  width: number;
  /** Default `project`. */
  shortcut?: ResNetShortcut;
  /** Channels inside a bottleneck over those of the paper. Zagoruyko and Komodakis 2016, arXiv:1605.07146. Default 1. */
  widening?: number;
  rng: Rng;
}

/** A network of the paper, for the classes and images of one's own. */
export type ResNetPreset = Pick<ResNetOptions, "stem" | "block" | "depths" | "width" | "shortcut" | "widening">;

const cifar = (blocks: number): ResNetPreset => ({
  stem: "cifar",
  block: "basic",
  depths: [blocks, blocks, blocks],
  width: 16,
  shortcut: "pad",
});
const imagenet = (block: "basic" | "bottleneck", depths: readonly number[]): ResNetPreset => ({
  stem: "imagenet",
  block,
  depths,
  width: 64,
});

/** 6n + 2 layers for 32×32 images. Section 4.2. */
export const resnet20: ResNetPreset = cifar(3);
export const resnet32: ResNetPreset = cifar(5);
export const resnet44: ResNetPreset = cifar(7);
export const resnet56: ResNetPreset = cifar(9);
export const resnet110: ResNetPreset = cifar(18);
/** For 224×224 images. Table 1. */
export const resnet18: ResNetPreset = imagenet("basic", [2, 2, 2, 2]);
export const resnet34: ResNetPreset = imagenet("basic", [3, 4, 6, 3]);
export const resnet50: ResNetPreset = imagenet("bottleneck", [3, 4, 6, 3]);
export const resnet101: ResNetPreset = imagenet("bottleneck", [3, 4, 23, 3]);
export const resnet152: ResNetPreset = imagenet("bottleneck", [3, 8, 36, 3]);
/** Twice as wide inside the bottlenecks: torchvision's `wide_resnet50_2` and `wide_resnet101_2`. */
export const wideResnet50: ResNetPreset = { ...resnet50, widening: 2 };
export const wideResnet101: ResNetPreset = { ...resnet101, widening: 2 };

interface BlockOptions {
  inputs: number;
  width: number;
  stride: number;
  shortcut: ResNetShortcut;
  widening: number;
  rng: Rng;
}

/** Figure 2: `[B, H, W, inputs]` → `[B, H / stride, W / stride, width]`. */
class BasicBlock extends Module {
  readonly layer1: ConvNorm;
  readonly layer2: ConvNorm;
  readonly shortcut: ConvNorm | Shrink | undefined;

  constructor({ inputs, width, stride, shortcut, rng }: BlockOptions) {
    super();
    this.layer1 = new ConvNorm({ inputs, outputs: width, kernelSize: 3, stride, rng: rng.fork("layer1") });
    this.layer2 = new ConvNorm({ inputs: width, outputs: width, kernelSize: 3, rng: rng.fork("layer2") });
    this.shortcut = shortcutOf({ inputs, outputs: width, stride, shortcut, rng });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const residual = this.layer2.forward(relu(this.layer1.forward(x, mode)), mode);
    return relu(residual.add(this.shortcut?.forward(x, mode) ?? x));
  }
}

/** Figure 5: `[B, H, W, inputs]` → `[B, H / stride, W / stride, 4 · width]`. */
class Bottleneck extends Module {
  readonly layer1: ConvNorm;
  readonly layer2: ConvNorm;
  readonly layer3: ConvNorm;
  readonly shortcut: ConvNorm | Shrink | undefined;

  constructor({ inputs, width, stride, shortcut, widening, rng }: BlockOptions) {
    super();
    const outputs = expansion.bottleneck * width;
    const inner = width * widening;
    this.layer1 = new ConvNorm({ inputs, outputs: inner, kernelSize: 1, rng: rng.fork("layer1") });
    // The stride is in the 3×3 layer, as in torchvision ("v1.5"): in the 1×1 layer, as in the paper, it skips three pixels of four.
    this.layer2 = new ConvNorm({ inputs: inner, outputs: inner, kernelSize: 3, stride, rng: rng.fork("layer2") });
    this.layer3 = new ConvNorm({ inputs: inner, outputs, kernelSize: 1, rng: rng.fork("layer3") });
    this.shortcut = shortcutOf({ inputs, outputs, stride, shortcut, rng });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    let y = relu(this.layer1.forward(x, mode)); // [B, H, W, width]
    y = relu(this.layer2.forward(y, mode)); // [B, H / stride, W / stride, width]
    y = this.layer3.forward(y, mode); // [B, H / stride, W / stride, 4 · width]
    return relu(y.add(this.shortcut?.forward(x, mode) ?? x));
  }
}

/** Output channels of a block over its width. */
const expansion = { basic: 1, bottleneck: 4 } as const;

/** Option A: every stride-th pixel, and zeros for the new channels. No parameters. */
class Shrink extends Module {
  readonly stride: number;
  /** Channels of zeros before and after. */
  readonly before: number;
  readonly after: number;

  constructor({ stride, more }: { stride: number; more: number }) {
    super();
    this.stride = stride;
    this.before = Math.floor(more / 2);
    this.after = more - this.before;
  }

  forward(x: Tensor, _mode: Mode): Tensor {
    const fewer = slice(x, [], { steps: [1, this.stride, this.stride, 1] }); // [B, H / stride, W / stride, C]
    return pad(fewer, [
      [0, 0],
      [0, 0],
      [0, 0],
      [this.before, this.after],
    ]);
  }
}

/** What carries the input past a block; nothing where it can be added as it is. */
function shortcutOf({
  inputs,
  outputs,
  stride,
  shortcut,
  rng,
}: {
  inputs: number;
  outputs: number;
  stride: number;
  shortcut: ResNetShortcut;
  rng: Rng;
}): ConvNorm | Shrink | undefined {
  if (stride === 1 && inputs === outputs) return undefined;
  if (shortcut === "pad") return new Shrink({ stride, more: outputs - inputs });
  return new ConvNorm({ inputs, outputs, kernelSize: 1, stride, rng: rng.fork("shortcut") });
}

/**
 * Images `[B, H, W, channels]`, of any size → logits `[B, classes]`.
 *
 * @throws OptionError for stages without blocks but the first, or widths that are no whole numbers.
 * @example
 * const model = new ResNet({ ...resnet20, classes: 10, rng: rng.fork("init") });
 */
export class ResNet extends Module {
  readonly stem: ConvNorm;
  readonly stages: readonly (readonly (BasicBlock | Bottleneck)[])[];
  readonly head: Linear;
  /** Whether a max pool follows the stem. */
  readonly pooled: boolean;

  constructor({ channels = 3, classes, stem, block, depths, width, shortcut = "project", widening = 1, rng }: ResNetOptions) {
    super();
    const counts = [channels, classes, width, widening, (depths[0] ?? 0) + 1, ...depths.slice(1)];
    if (depths.length === 0 || counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `ResNet: expected whole numbers ≥ 1 for channels, classes, width, widening and every stage of depths (the first may have 0), got ${channels}, ${classes}, ${width}, ${widening} and [${depths.join(", ")}].`,
      );
    }
    const Block = block === "basic" ? BasicBlock : Bottleneck;
    const pooled = stem === "imagenet";
    const first = pooled ? { kernelSize: 7, stride: 2 } : { kernelSize: 3 };
    this.stem = new ConvNorm({ inputs: channels, outputs: width, ...first, rng: rng.fork("stem") });
    let inputs = width;
    this.stages = depths.map((depth, i) =>
      Array.from({ length: depth }, (_, j) => {
        const outputs = width * 2 ** i;
        const stride = i > 0 && j === 0 ? 2 : 1;
        const made = new Block({ inputs, width: outputs, stride, shortcut, widening, rng: rng.fork(`stage${i + 1}.${j}`) });
        inputs = outputs * expansion[block];
        return made;
      }),
    );
    this.head = new Linear({ inputs, outputs: classes, rng: rng.fork("head") });
    this.pooled = pooled;
  }

  /** Of the last stage, before the mean over the image: `[B, H / 4, W / 4, C]` with three stages for small images, `[B, H / 32, W / 32, C]` with four for large ones. */
  featureMap(images: Tensor, mode: Mode): Tensor {
    let x = relu(this.stem.forward(images, mode)); // [B, H, W, width]; H / 2 with the ImageNet stem
    if (this.pooled) x = maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }); // [B, H / 4, W / 4, width]
    for (const stage of this.stages) for (const block of stage) x = block.forward(x, mode); // halved and doubled from stage to stage
    return x;
  }

  /** What the head sees: `[B, channels of the last stage]`. */
  features(images: Tensor, mode: Mode): Tensor {
    return globalAveragePool2d(this.featureMap(images, mode));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, classes]
  }

  /** torchvision's names: `layer1.0.conv1.weight`, `layer2.0.downsample.0.weight`. */
  torchPlace(path: string): TorchPlace {
    const [, stage, block, layer] = /^stages\.(\d+)\.(\d+)\.(layer\d|shortcut)\./.exec(path) ?? [];
    const kind = path.includes(".norm.") ? "bn" : "conv";
    const field = torchField(path.slice(path.lastIndexOf(".") + 1));
    if (path.startsWith("head.")) return { name: `fc.${field}` };
    if (stage === undefined) return { name: `${kind}1.${field}` };
    const within = layer === "shortcut" ? `downsample.${kind === "conv" ? 0 : 1}` : `${kind}${layer!.slice("layer".length)}`;
    return { name: `layer${Number(stage) + 1}.${block}.${within}.${field}` };
  }
}
