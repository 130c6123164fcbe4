/** VGG networks. Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition", arXiv:1409.1556, table 1. */

import { adaptiveAveragePool2d, flatten, maxPool2d, OptionError, type Rng, relu, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Dropout, init, Linear, type Mode, Module } from "@dl/nn";
import { type TorchPlace, torchField } from "./torch-state.ts";

export interface VggOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Output channels of the 3×3 convolutions, in stages; each stage ends with a 2×2 max pool. */
  stages: readonly (readonly number[])[];
  /** Batch normalisation after every convolution; the paper of 2014 had none. Default false. */
  batchNorm?: boolean;
  /** Side of the grid that the last image is averaged to before the dense layers. Default 7, for 224×224 images; 1 suits 32×32. */
  pooledSize?: number;
  /** Widths of the hidden dense layers. Default [4096, 4096]. */
  hidden?: readonly number[];
  /** Dropped after each hidden layer. Default 0.5. */
  dropout?: number;
  rng: Rng;
}

/** A column of table 1. */
export type VggPreset = Pick<VggOptions, "stages">;

const times = (count: number, channels: number): readonly number[] => new Array<number>(count).fill(channels);
const deep = (count: number): VggPreset => ({
  stages: [times(2, 64), times(2, 128), times(count, 256), times(count, 512), times(count, 512)],
});

/** Configuration A. */
export const vgg11: VggPreset = { stages: [[64], [128], [256, 256], [512, 512], [512, 512]] };
/** Configuration B. */
export const vgg13: VggPreset = deep(2);
/** Configuration D. */
export const vgg16: VggPreset = deep(3);
/** Configuration E. */
export const vgg19: VggPreset = deep(4);

/**
 * Images `[B, H, W, channels]`, of sides of at least 2 to the number of stages → logits `[B, classes]`.
 *
 * @throws OptionError for widths that are no whole numbers.
 * @example
 * const model = new Vgg({ ...vgg11, batchNorm: true, pooledSize: 1, hidden: [512], classes: 10, rng: rng.fork("init") });
 */
export class Vgg extends Module {
  readonly convolutions: readonly Conv2d[];
  /** One after each convolution, or none. */
  readonly norms: readonly BatchNorm[];
  readonly hidden: readonly Linear[];
  readonly head: Linear;
  readonly dropout: Dropout;
  readonly pooledSize: number;
  /** Numbers of the convolutions that a pool follows. */
  readonly pooledAfter: ReadonlySet<number>;

  constructor({ channels = 3, classes, stages, batchNorm = false, pooledSize = 7, hidden = [4096, 4096], dropout = 0.5, rng }: VggOptions) {
    super();
    const filters = stages.flat();
    const counts = [channels, classes, pooledSize, ...filters, ...hidden];
    if (
      filters.length === 0 ||
      stages.some(({ length }) => length === 0) ||
      counts.some((count) => !Number.isInteger(count) || count < 1)
    ) {
      throw new OptionError(
        `Vgg: expected stages of at least one convolution and whole numbers ≥ 1, got channels ${channels}, classes ${classes}, stages ${JSON.stringify(stages)}, pooledSize ${pooledSize} and hidden [${hidden.join(", ")}].`,
      );
    }
    this.convolutions = filters.map((outputs, i) => {
      const inputs = i === 0 ? channels : filters[i - 1]!;
      const initial = { weightInit: init.heNormal, biasInit: init.zeros };
      // Biases also under batch norm, which subtracts them again: torchvision's files have them.
      return new Conv2d({ inputs, outputs, kernelSize: 3, padding: 1, ...initial, rng: rng.fork(`conv${i + 1}`) });
    });
    this.norms = batchNorm ? filters.map((channels) => new BatchNorm({ channels })) : [];
    const ends = stages.map((_, i) => stages.slice(0, i + 1).flat().length - 1);
    this.pooledAfter = new Set(ends);
    let inputs = filters.at(-1)! * pooledSize ** 2;
    this.hidden = hidden.map((outputs, i) => {
      const initial = { weightInit: init.heNormal, biasInit: init.zeros };
      const layer = new Linear({ inputs, outputs, activation: "relu", ...initial, rng: rng.fork(`hidden${i + 1}`) });
      inputs = outputs;
      return layer;
    });
    this.head = new Linear({ inputs, outputs: classes, rng: rng.fork("head") });
    this.dropout = new Dropout({ rate: dropout });
    this.pooledSize = pooledSize;
  }

  /** What the head sees, before the last dropout: `[B, hidden.at(-1)]`, or the flattened image where no layer is hidden. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = images; // [B, H, W, channels]
    for (const [i, convolution] of this.convolutions.entries()) {
      const y = convolution.forward(x);
      x = relu(this.norms[i]?.forward(y, mode) ?? y); // [B, h, w, filters[i]]
      if (this.pooledAfter.has(i)) x = maxPool2d(x, { kernelSize: 2 }); // [B, h / 2, w / 2, filters[i]]
    }
    x = flatten(adaptiveAveragePool2d(x, this.pooledSize)); // [B, pooledSize² · filters]
    for (const [i, layer] of this.hidden.entries()) x = layer.forward(i === 0 ? x : this.dropout.forward(x, mode)); // [B, hidden[i]]
    return x;
  }

  forward(images: Tensor, mode: Mode): Tensor {
    const x = this.features(images, mode);
    return this.head.forward(this.hidden.length === 0 ? x : this.dropout.forward(x, mode)); // [B, classes]
  }

  /** torchvision's names, which count every layer: `features.4.weight`, `classifier.3.bias`. */
  torchPlace(path: string): TorchPlace {
    const [kind, index] = path.split(".");
    const field = torchField(path.slice(path.lastIndexOf(".") + 1));
    if (kind === "convolutions" || kind === "norms") {
      const number = Number(index);
      // Each convolution, its batch norm and its ReLU are a layer, and so is each pool on the way.
      const pools = [...this.pooledAfter].filter((end) => end < number).length;
      const layersEach = this.norms.length > 0 ? 3 : 2;
      return { name: `features.${number * layersEach + pools + (kind === "norms" ? 1 : 0)}.${field}` };
    }
    // A hidden layer, its ReLU and its dropout.
    const number = kind === "head" ? this.hidden.length : Number(index);
    if (number > 0 || field !== "weight") return { name: `classifier.${number * 3}.${field}` };
    const channels = this.convolutions.at(-1)!.weight.shape[3]!;
    return { name: "classifier.0.weight", image: { channels, height: this.pooledSize, width: this.pooledSize } };
  }

  /** timm's names, where the dense layers are convolutions: `pre_logits.fc1.weight` `[4096, 512, 7, 7]`. */
  timmPlace(path: string): TorchPlace {
    const [kind, index] = path.split(".");
    const field = path.slice(path.lastIndexOf(".") + 1);
    if (kind === "head") return { name: `head.fc.${field}` };
    if (kind !== "hidden") return this.torchPlace(path);
    const name = `pre_logits.fc${Number(index) + 1}.${field}`;
    if (field === "bias") return { name };
    const [inputs, outputs] = this.hidden[Number(index)]!.weight.shape as [number, number];
    if (index !== "0") return { name, shape: [outputs, inputs, 1, 1] };
    const side = this.pooledSize;
    const channels = inputs / side ** 2;
    return { name, shape: [outputs, channels, side, side], image: { channels, height: side, width: side } };
  }
}
