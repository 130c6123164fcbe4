/** MobileNetV2: inverted residuals with linear bottlenecks. Sandler et al. 2018, arXiv:1801.04381, tables 1 and 2. */

import { globalAveragePool2d, OptionError, type Rng, relu6, type Tensor } from "@dl/core";
import { Dropout, init, Linear, type Mode, Module } from "@dl/nn";
import { ConvNorm } from "./conv-norm.ts";
import { type TorchPlace, torchField } from "./torch-state.ts";

/** A row of table 2. */
export interface MobileNetStage {
  /** Channels inside a block over those that come in; t in the paper. */
  readonly expansion: number;
  /** c */
  readonly channels: number;
  /** n */
  readonly blocks: number;
  /** Of the first block; s. */
  readonly stride: number;
}

export interface MobileNetV2Options {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Multiplies every width, which is then rounded to a multiple of 8. Default 1. */
  width?: number;
  stages: readonly MobileNetStage[];
  /** Dropped before the last layer. Default 0.2. */
  dropout?: number;
  /** Stride of the first convolution: 2 for 224×224 images, 1 for 32×32. Default 2. */
  stemStride?: 1 | 2;
  rng: Rng;
}

const row = (expansion: number, channels: number, blocks: number, stride: number): MobileNetStage => ({
  expansion,
  channels,
  blocks,
  stride,
});

/** Table 2, for 224×224 images; 3,504,872 parameters with 1000 classes. */
export const mobilenetV2: Pick<MobileNetV2Options, "stages"> = {
  stages: [row(1, 16, 1, 1), row(6, 24, 2, 2), row(6, 32, 3, 2), row(6, 64, 4, 2), row(6, 96, 3, 1), row(6, 160, 3, 2), row(6, 320, 1, 1)],
};

/** The same with the strides of 32×32 images: halved three times, not five. */
export const mobilenetV2Cifar: Pick<MobileNetV2Options, "stages" | "stemStride"> = {
  stages: mobilenetV2.stages.map((stage, i) => (i === 1 ? { ...stage, stride: 1 } : stage)),
  stemStride: 1,
};

/** A multiple of 8, at least 8, and no more than a tenth below. */
function rounded(width: number): number {
  const nearest = Math.max(8, Math.floor((width + 4) / 8) * 8);
  return nearest < 0.9 * width ? nearest + 8 : nearest;
}

/** Figure 3: `[B, H, W, inputs]` → `[B, H / stride, W / stride, outputs]`. */
class InvertedResidual extends Module {
  /** 1×1 to more channels; none where the expansion is 1. */
  readonly expand: ConvNorm | undefined;
  readonly depthwise: ConvNorm;
  readonly project: ConvNorm;
  readonly isResidual: boolean;

  constructor({
    inputs,
    outputs,
    expansion,
    stride,
    rng,
  }: { inputs: number; outputs: number; expansion: number; stride: number; rng: Rng }) {
    super();
    const inner = Math.round(inputs * expansion);
    this.expand = expansion === 1 ? undefined : new ConvNorm({ inputs, outputs: inner, kernelSize: 1, rng: rng.fork("expand") });
    this.depthwise = new ConvNorm({ inputs: inner, outputs: inner, kernelSize: 3, stride, groups: inner, rng: rng.fork("depthwise") });
    this.project = new ConvNorm({ inputs: inner, outputs, kernelSize: 1, rng: rng.fork("project") });
    this.isResidual = stride === 1 && inputs === outputs;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const wide = this.expand ? relu6(this.expand.forward(x, mode)) : x; // [B, H, W, inner]
    // No activation at the end: in few channels it would lose too much. Section 3.2.
    const y = this.project.forward(relu6(this.depthwise.forward(wide, mode)), mode); // [B, H / stride, W / stride, outputs]
    return this.isResidual ? y.add(x) : y;
  }
}

/**
 * Images `[B, H, W, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError for stages that are none, or numbers that are not positive.
 * @example
 * const model = new MobileNetV2({ ...mobilenetV2Cifar, classes: 10, rng: rng.fork("init") });
 */
export class MobileNetV2 extends Module {
  readonly stem: ConvNorm;
  readonly stages: readonly (readonly InvertedResidual[])[];
  readonly tail: ConvNorm;
  readonly dropout: Dropout;
  readonly head: Linear;

  constructor({ channels = 3, classes, width = 1, stages, dropout = 0.2, stemStride = 2, rng }: MobileNetV2Options) {
    super();
    const counts = [channels, classes, ...stages.flatMap((stage) => [stage.channels, stage.blocks, stage.stride])];
    if (stages.length === 0 || !(width > 0) || counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `MobileNetV2: expected stages, a width > 0 and whole numbers ≥ 1, got channels ${channels}, classes ${classes}, width ${width} and stages ${JSON.stringify(stages)}.`,
      );
    }
    let inputs = rounded(32 * width);
    this.stem = new ConvNorm({ inputs: channels, outputs: inputs, kernelSize: 3, stride: stemStride, rng: rng.fork("stem") });
    this.stages = stages.map(({ expansion, channels, blocks, stride }, i) =>
      Array.from({ length: blocks }, (_, j) => {
        const outputs = rounded(channels * width);
        const block = new InvertedResidual({
          ...{ inputs, outputs, expansion, stride: j === 0 ? stride : 1 },
          rng: rng.fork(`stage${i + 1}.${j}`),
        });
        inputs = outputs;
        return block;
      }),
    );
    // The last layer does not shrink with the others.
    const last = rounded(1280 * Math.max(1, width));
    this.tail = new ConvNorm({ inputs, outputs: last, kernelSize: 1, rng: rng.fork("tail") });
    this.dropout = new Dropout({ rate: dropout });
    this.head = new Linear({
      ...{ inputs: last, outputs: classes, biasInit: init.zeros, rng: rng.fork("head") },
      weightInit: (shape, { rng }) => init.normal(shape, { rng, standardDeviation: 0.01 }),
    });
  }

  /** What the head sees: `[B, 1280]`. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = relu6(this.stem.forward(images, mode)); // [B, H / 2, W / 2, 32]
    for (const stage of this.stages) for (const block of stage) x = block.forward(x, mode);
    return globalAveragePool2d(relu6(this.tail.forward(x, mode)));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.dropout.forward(this.features(images, mode), mode)); // [B, classes]
  }

  /** torchvision's names, which count blocks through all stages: `features.2.conv.0.0.weight`, `classifier.1.bias`. */
  torchPlace(path: string): TorchPlace {
    const { kind, field, stage, block, layer } = partsOf(path);
    if (path.startsWith("head.")) return { name: `classifier.1.${field}` };
    const inside = kind === "norm" ? 1 : 0;
    if (path.startsWith("stem.")) return { name: `features.0.${inside}.${field}` };
    const before = this.stages.slice(0, stage).flat().length;
    if (path.startsWith("tail.")) return { name: `features.${this.stages.flat().length + 1}.${inside}.${field}` };
    const start = `features.${before + block + 1}.conv`;
    const first = this.stages[stage]![block]!.expand ? 1 : 0;
    if (layer === "expand") return { name: `${start}.0.${inside}.${field}` };
    if (layer === "depthwise") return { name: `${start}.${first}.${inside}.${field}` };
    return { name: `${start}.${first + 1 + inside}.${field}` };
  }

  /** timm's names: `blocks.1.0.conv_pw.weight`, `conv_head.weight`. */
  timmPlace(path: string): TorchPlace {
    const { kind, field, stage, block, layer } = partsOf(path);
    if (path.startsWith("head.")) return { name: `classifier.${field}` };
    if (path.startsWith("stem.")) return { name: `${kind === "norm" ? "bn1" : "conv_stem"}.${field}` };
    if (path.startsWith("tail.")) return { name: `${kind === "norm" ? "bn2" : "conv_head"}.${field}` };
    const start = `blocks.${stage}.${block}`;
    const hasExpansion = this.stages[stage]![block]!.expand !== undefined;
    const names = hasExpansion ? ["conv_pw", "conv_dw", "conv_pwl"] : ["", "conv_dw", "conv_pw"];
    const place = ["expand", "depthwise", "project"].indexOf(layer!);
    return { name: `${start}.${kind === "norm" ? `bn${place + (hasExpansion ? 1 : 0)}` : names[place]}.${field}` };
  }
}

/** A path of the model's state taken apart. */
function partsOf(path: string): { kind: "conv" | "norm"; field: string; stage: number; block: number; layer: string | undefined } {
  const [, stage, block, layer] = /^stages\.(\d+)\.(\d+)\.(\w+)\./.exec(path) ?? [];
  const field = torchField(path.slice(path.lastIndexOf(".") + 1));
  return { kind: path.includes(".norm.") ? "norm" : "conv", field, stage: Number(stage), block: Number(block), layer };
}
