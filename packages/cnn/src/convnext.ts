/** ConvNeXt: a convolutional network in the manner of transformers. Liu et al. 2022, "A ConvNet for the 2020s", arXiv:2201.03545, table 9 and figure 4. */

import { gelu, globalAveragePool2d, OptionError, type Rng, type Tensor } from "@dl/core";
import { Conv2d, DepthwiseConv2d, init, LayerNorm, Linear, type Mode, Module, Parameter } from "@dl/nn";
import { stochasticDepth } from "./stochastic-depth.ts";
import type { TorchPlace } from "./torch-state.ts";

export interface ConvNextOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Blocks in each stage; between two stages the image is halved. */
  depths: readonly number[];
  /** Channels of each stage. */
  widths: readonly number[];
  /** Side of the patches that the first layer makes pixels of: 4 for 224×224 images, 1 or 2 for 32×32. Default 4. */
  patchSize?: number;
  /** How often the last block's branch is left out in training; blocks before it less, in a straight line from 0. Default 0. */
  dropPath?: number;
  /** First value of the gains of the branches. Default 1e-6. */
  layerScale?: number;
  rng: Rng;
}

/** A network of the paper, for the classes and images of one's own. */
export type ConvNextPreset = Pick<ConvNextOptions, "depths" | "widths" | "dropPath">;

/** 28,589,128 parameters with 1000 classes. */
export const convNextTiny: ConvNextPreset = { depths: [3, 3, 9, 3], widths: [96, 192, 384, 768], dropPath: 0.1 };
export const convNextSmall: ConvNextPreset = { depths: [3, 3, 27, 3], widths: [96, 192, 384, 768], dropPath: 0.4 };
export const convNextBase: ConvNextPreset = { depths: [3, 3, 27, 3], widths: [128, 256, 512, 1024], dropPath: 0.5 };
export const convNextLarge: ConvNextPreset = { depths: [3, 3, 27, 3], widths: [192, 384, 768, 1536], dropPath: 0.5 };

const epsilon = 1e-6;
const initial = {
  weightInit: (shape: readonly number[], { rng }: { rng: Rng }) => init.truncatedNormal(shape, { rng, standardDeviation: 0.02 }),
  biasInit: init.zeros,
};

/** `[B, H, W, width]` → the same. */
class ConvNextBlock extends Module {
  readonly depthwise: DepthwiseConv2d;
  readonly norm: LayerNorm;
  readonly expand: Linear;
  readonly project: Linear;
  /** `[width]` */
  readonly scale: Parameter;
  readonly dropPath: number;

  constructor({ width, dropPath, layerScale, rng }: { width: number; dropPath: number; layerScale: number; rng: Rng }) {
    super();
    this.depthwise = new DepthwiseConv2d({ channels: width, kernelSize: 7, padding: 3, ...initial, rng: rng.fork("depthwise") });
    this.norm = new LayerNorm({ size: width, epsilon });
    this.expand = new Linear({ inputs: width, outputs: 4 * width, ...initial, rng: rng.fork("expand") });
    this.project = new Linear({ inputs: 4 * width, outputs: width, ...initial, rng: rng.fork("project") });
    this.scale = new Parameter(init.constant([width], { value: layerScale }));
    this.dropPath = dropPath;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const y = this.norm.forward(this.depthwise.forward(x)); // [B, H, W, width]
    const z = this.project.forward(gelu(this.expand.forward(y))); // 4 · width in between
    return x.add(stochasticDepth(z.mul(this.scale.value), { rate: this.dropPath, mode }));
  }
}

/** Between two stages: `[B, H, W, inputs]` → `[B, H / 2, W / 2, outputs]`. */
class Downsample extends Module {
  readonly norm: LayerNorm;
  readonly conv: Conv2d;

  constructor({ inputs, outputs, rng }: { inputs: number; outputs: number; rng: Rng }) {
    super();
    this.norm = new LayerNorm({ size: inputs, epsilon });
    this.conv = new Conv2d({ inputs, outputs, kernelSize: 2, stride: 2, ...initial, rng });
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(this.norm.forward(x));
  }
}

/**
 * Images `[B, H, W, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError for stages that do not match, or numbers out of range.
 * @example
 * const model = new ConvNext({ depths: [2, 2, 2], widths: [32, 64, 128], patchSize: 2, classes: 10, rng: rng.fork("init") });
 */
export class ConvNext extends Module {
  readonly stemConv: Conv2d;
  readonly stemNorm: LayerNorm;
  /** Before each stage but the first. */
  readonly downsamples: readonly Downsample[];
  readonly stages: readonly (readonly ConvNextBlock[])[];
  readonly norm: LayerNorm;
  readonly head: Linear;

  constructor({ channels = 3, classes, depths, widths, patchSize = 4, dropPath = 0, layerScale = 1e-6, rng }: ConvNextOptions) {
    super();
    const counts = [channels, classes, patchSize, ...depths, ...widths];
    if (depths.length === 0 || depths.length !== widths.length || counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `ConvNext: expected a width for each of the depths and whole numbers ≥ 1, got channels ${channels}, classes ${classes}, patchSize ${patchSize}, depths [${depths.join(", ")}] and widths [${widths.join(", ")}].`,
      );
    }
    if (!(dropPath >= 0 && dropPath < 1)) {
      throw new OptionError(`ConvNext: expected a dropPath from 0 up to, not including, 1, got ${dropPath}.`);
    }
    const patches = { kernelSize: patchSize, stride: patchSize };
    this.stemConv = new Conv2d({ inputs: channels, outputs: widths[0]!, ...patches, ...initial, rng: rng.fork("stem") });
    this.stemNorm = new LayerNorm({ size: widths[0]!, epsilon });
    this.downsamples = widths
      .slice(1)
      .map((outputs, i) => new Downsample({ inputs: widths[i]!, outputs, rng: rng.fork(`downsample${i + 1}`) }));
    const blocks = depths.reduce((sum, depth) => sum + depth, 0);
    let block = 0;
    this.stages = depths.map((depth, i) =>
      Array.from({ length: depth }, (_, j) => {
        const rate = blocks === 1 ? 0 : (dropPath * block++) / (blocks - 1);
        return new ConvNextBlock({ width: widths[i]!, dropPath: rate, layerScale, rng: rng.fork(`stage${i + 1}.${j}`) });
      }),
    );
    this.norm = new LayerNorm({ size: widths.at(-1)!, epsilon });
    this.head = new Linear({ inputs: widths.at(-1)!, outputs: classes, ...initial, rng: rng.fork("head") });
  }

  /** What the head sees: `[B, last width]`. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = this.stemNorm.forward(this.stemConv.forward(images)); // [B, H / 4, W / 4, widths[0]]
    for (const [i, stage] of this.stages.entries()) {
      if (i > 0) x = this.downsamples[i - 1]!.forward(x); // halved
      for (const block of stage) x = block.forward(x, mode);
    }
    return this.norm.forward(globalAveragePool2d(x));
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, classes]
  }

  /** torchvision's names, which count stages and what is between them: `features.1.0.block.3.weight`, `classifier.2.bias`. */
  torchPlace(path: string): TorchPlace {
    const [kind, first, second, layer] = path.split(".");
    const field = path.slice(path.lastIndexOf(".") + 1);
    const fixed: Record<string, string> = {
      stemConv: "features.0.0",
      stemNorm: "features.0.1",
      norm: "classifier.0",
      head: "classifier.2",
    };
    if (kind === "downsamples") return { name: `features.${2 * Number(first) + 2}.${second === "norm" ? 0 : 1}.${field}` };
    if (kind !== "stages") return { name: `${fixed[kind!]}.${field}` };
    const start = `features.${2 * Number(first) + 1}.${second}`;
    if (layer === "scale") return { name: `${start}.layer_scale`, shape: [this.stages[Number(first)]![0]!.scale.size, 1, 1] };
    const places: Record<string, number> = { depthwise: 0, norm: 2, expand: 3, project: 5 };
    return { name: `${start}.block.${places[layer!]}.${field}` };
  }

  /** timm's names, which are the paper's: `stages.1.blocks.0.mlp.fc1.weight`, `head.fc.bias`. */
  timmPlace(path: string): TorchPlace {
    const [kind, first, second, layer] = path.split(".");
    const field = path.slice(path.lastIndexOf(".") + 1);
    const fixed: Record<string, string> = { stemConv: "stem.0", stemNorm: "stem.1", norm: "head.norm", head: "head.fc" };
    if (kind === "downsamples") return { name: `stages.${Number(first) + 1}.downsample.${second === "norm" ? 0 : 1}.${field}` };
    if (kind !== "stages") return { name: `${fixed[kind!]}.${field}` };
    const start = `stages.${first}.blocks.${second}`;
    if (layer === "scale") return { name: `${start}.gamma` };
    const places: Record<string, string> = { depthwise: "conv_dw", norm: "norm", expand: "mlp.fc1", project: "mlp.fc2" };
    return { name: `${start}.${places[layer!]}.${field}` };
  }
}
