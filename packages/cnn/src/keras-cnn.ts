/** The small convolutional network of the Keras tutorials: three convolutions with pooling, one hidden dense layer with dropout. */

import { flatten, maxPool2d, OptionError, type Rng, type Tensor } from "@dl/core";
import { Conv2d, Dropout, init, Linear, type Mode, Module } from "@dl/nn";
import type { TorchPlace } from "./torch-state.ts";

export interface KerasCnnOptions {
  /** Height and width of the images, which are square; at least 22 with three convolutions. */
  imageSize: number;
  channels: number;
  classes: number;
  /** Output channels of the convolutions. Default [32, 64, 128]. */
  filters?: readonly number[];
  /** Width of the hidden layer. Default 128. */
  hidden?: number;
  /** Dropped before the last layer. Default 0.5. */
  dropout?: number;
  rng: Rng;
}

export const kerasCnnCifar10: Omit<KerasCnnOptions, "rng"> = { imageSize: 32, channels: 3, classes: 10 };

/**
 * Images `[B, S, S, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError when the image is too small for the convolutions and pools.
 * @example
 * const model = new KerasCnn({ ...kerasCnnCifar10, rng: rng.fork("init") });
 */
export class KerasCnn extends Module {
  readonly convolutions: readonly Conv2d[];
  readonly hidden: Linear;
  readonly dropout: Dropout;
  readonly head: Linear;

  constructor({ imageSize, channels, classes, filters = [32, 64, 128], hidden = 128, dropout = 0.5, rng }: KerasCnnOptions) {
    super();
    // What Keras starts from: Glorot uniform weights, zero biases.
    const initial = { weightInit: init.glorotUniform, biasInit: init.zeros };
    let inputs = channels;
    let side = imageSize;
    // The smallest image that leaves one pixel: each convolution takes two, each pool half.
    const least = filters.reduce((size) => 2 * size + 2, 1);
    if (!Number.isInteger(imageSize) || imageSize < least) {
      throw new OptionError(
        `KerasCnn: expected a whole imageSize of at least ${least} for ${filters.length} convolutions with pools, got ${imageSize}. Enlarge the images, or give fewer filters.`,
      );
    }
    this.convolutions = filters.map((outputs, i) => {
      const layer = new Conv2d({ inputs, outputs, kernelSize: 3, activation: "relu", ...initial, rng: rng.fork(`conv${i + 1}`) });
      inputs = outputs;
      side = Math.floor((side - 2) / 2);
      return layer;
    });
    this.hidden = new Linear({ inputs: inputs * side * side, outputs: hidden, activation: "relu", ...initial, rng: rng.fork("hidden") });
    this.dropout = new Dropout({ rate: dropout });
    this.head = new Linear({ inputs: hidden, outputs: classes, ...initial, rng: rng.fork("head") });
  }

  /** What the head sees, before the dropout: `[B, hidden]`. */
  features(images: Tensor): Tensor {
    let x = images; // [B, S, S, channels]
    for (const convolution of this.convolutions) x = maxPool2d(convolution.forward(x), { kernelSize: 2 }); // [B, (S − 2) / 2, …, filters]
    return this.hidden.forward(flatten(x)); // [B, hidden]
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.dropout.forward(this.features(images), mode)); // [B, classes]
  }

  /** The same names; the hidden layer follows the flattened image. */
  torchPlace(path: string): TorchPlace {
    if (path !== "hidden.weight") return { name: path };
    const channels = this.convolutions.at(-1)!.weight.shape[3]!;
    const side = Math.sqrt(this.hidden.weight.shape[0]! / channels);
    return { name: path, image: { channels, height: side, width: side } };
  }
}
