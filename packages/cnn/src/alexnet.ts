/** AlexNet, in the form for one GPU. Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997; Krizhevsky et al. 2012. */

import { adaptiveAveragePool2d, flatten, maxPool2d, OptionError, type Rng, type Tensor } from "@dl/core";
import { Conv2d, Dropout, Linear, type Mode, Module } from "@dl/nn";
import type { TorchPlace } from "./torch-state.ts";

export interface AlexNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Output channels of the five convolutions. */
  filters: readonly [number, number, number, number, number];
  /** Of the first convolution. */
  stem: { readonly kernelSize: number; readonly stride: number; readonly padding: number };
  /** Side of the grid that the last image is averaged to before the dense layers. */
  pooledSize: number;
  /** Widths of the two hidden dense layers. */
  hidden: readonly [number, number];
  /** Dropped before each hidden layer. Default 0.5. */
  dropout?: number;
  rng: Rng;
}

/** For 224×224 images; 61,100,840 parameters with 1000 classes. */
export const alexnet: Pick<AlexNetOptions, "filters" | "stem" | "pooledSize" | "hidden"> = {
  filters: [64, 192, 384, 256, 256],
  stem: { kernelSize: 11, stride: 4, padding: 2 },
  pooledSize: 6,
  hidden: [4096, 4096],
};

/** A 3×3 pool with stride 2 follows these convolutions. */
const pooledAfter: readonly number[] = [0, 1, 4];
/** Places of the convolutions in torchvision's `Sequential`, which counts activations and pools. */
const torchFeatures: readonly number[] = [0, 3, 6, 8, 10];

/**
 * Images `[B, H, W, channels]` → logits `[B, classes]`; sides of at least 63 with the paper's first layer.
 *
 * @throws OptionError for widths that are no whole numbers.
 * @example
 * const model = new AlexNet({ ...alexnet, hidden: [256, 128], classes: 10, rng: rng.fork("init") });
 */
export class AlexNet extends Module {
  readonly convolutions: readonly Conv2d[];
  readonly hidden: readonly Linear[];
  readonly head: Linear;
  readonly dropout: Dropout;
  readonly pooledSize: number;

  constructor({ channels = 3, classes, filters, stem, pooledSize, hidden, dropout = 0.5, rng }: AlexNetOptions) {
    super();
    const counts = [channels, classes, pooledSize, ...filters, ...hidden];
    if (counts.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `AlexNet: expected whole numbers ≥ 1, got channels ${channels}, classes ${classes}, filters [${filters.join(", ")}], pooledSize ${pooledSize} and hidden [${hidden.join(", ")}].`,
      );
    }
    const windows = [stem, { kernelSize: 5, padding: 2 }, ...new Array<object>(3).fill({ kernelSize: 3, padding: 1 })] as (typeof stem)[];
    this.convolutions = filters.map((outputs, i) => {
      const inputs = i === 0 ? channels : filters[i - 1]!;
      return new Conv2d({ inputs, outputs, ...windows[i]!, activation: "relu", rng: rng.fork(`conv${i + 1}`) });
    });
    const widths = [filters[4] * pooledSize ** 2, ...hidden];
    this.hidden = hidden.map((outputs, i) => {
      return new Linear({ inputs: widths[i]!, outputs, activation: "relu", rng: rng.fork(`hidden${i + 1}`) });
    });
    this.head = new Linear({ inputs: hidden[1], outputs: classes, rng: rng.fork("head") });
    this.dropout = new Dropout({ rate: dropout });
    this.pooledSize = pooledSize;
  }

  /** What the head sees: `[B, hidden[1]]`. */
  features(images: Tensor, mode: Mode): Tensor {
    let x = images; // [B, H, W, channels]
    for (const [i, convolution] of this.convolutions.entries()) {
      x = convolution.forward(x); // [B, h, w, filters[i]]
      if (pooledAfter.includes(i)) x = maxPool2d(x, { kernelSize: 3, stride: 2 }); // [B, h / 2, w / 2, filters[i]]
    }
    x = flatten(adaptiveAveragePool2d(x, this.pooledSize)); // [B, pooledSize² · filters[4]]
    for (const layer of this.hidden) x = layer.forward(this.dropout.forward(x, mode)); // [B, hidden[i]]
    return x;
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, classes]
  }

  /** torchvision's names: `features.3.weight`, `classifier.6.bias`. */
  torchPlace(path: string): TorchPlace {
    const [kind, index] = path.split(".");
    const field = path.slice(path.lastIndexOf(".") + 1);
    if (kind === "convolutions") return { name: `features.${torchFeatures[Number(index)]}.${field}` };
    if (kind === "head") return { name: `classifier.6.${field}` };
    const name = `classifier.${index === "0" ? 1 : 4}.${field}`;
    if (name !== "classifier.1.weight") return { name };
    const channels = this.convolutions.at(-1)!.weight.shape[3]!;
    return { name, image: { channels, height: this.pooledSize, width: this.pooledSize } };
  }
}
