/**
 * Five convolutions and three dense layers: AlexNet's plan for 32×32 images, with batch normalisation.
 * Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks"; Ioffe and Szegedy 2015, arXiv:1502.03167.
 */

import { flatten, maxPool2d, OptionError, type Rng, relu, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Dropout, init, Linear, type Mode, Module } from "@dl/nn";
import { type TorchPlace, torchField } from "./torch-state.ts";

export interface Conv5Fc3Options {
  /** Height and width of the images, which are square; a multiple of 8. */
  imageSize: number;
  channels: number;
  classes: number;
  /** Output channels of the five convolutions; pooling halves the image after the first, the second and the last. Default [64, 128, 256, 256, 256]. */
  filters?: readonly [number, number, number, number, number];
  /** Widths of the two hidden dense layers. Default [512, 256]. */
  hidden?: readonly [number, number];
  /** Dropped before each of the last two layers. Default 0.3. */
  dropout?: number;
  rng: Rng;
}

export const conv5Fc3Cifar10: Omit<Conv5Fc3Options, "rng"> = { imageSize: 32, channels: 3, classes: 10 };

/**
 * Images `[B, S, S, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError when the image cannot be halved three times.
 * @example
 * const model = new Conv5Fc3({ ...conv5Fc3Cifar10, rng: rng.fork("init") });
 */
export class Conv5Fc3 extends Module {
  readonly convolutions: readonly Conv2d[];
  readonly norms: readonly BatchNorm[];
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;
  readonly dropout: Dropout;

  constructor({
    imageSize,
    channels,
    classes,
    filters = [64, 128, 256, 256, 256],
    hidden = [512, 256],
    dropout = 0.3,
    rng,
  }: Conv5Fc3Options) {
    super();
    if (!Number.isInteger(imageSize / 8) || imageSize < 8) {
      throw new OptionError(`Conv5Fc3: expected an imageSize that is a multiple of 8, got ${imageSize}. Crop or resize the images.`);
    }
    // Bias off: batch norm subtracts it again.
    const convolution = (outputs: number, i: number): Conv2d =>
      new Conv2d({
        inputs: i === 0 ? channels : filters[i - 1]!,
        outputs,
        kernelSize: 3,
        padding: 1,
        bias: false,
        weightInit: init.heNormal,
        rng: rng.fork(`conv${i + 1}`),
      });
    const dense = { activation: "relu", weightInit: init.heNormal, biasInit: init.zeros } as const;
    this.convolutions = filters.map(convolution);
    this.norms = filters.map((channels) => new BatchNorm({ channels }));
    this.fc1 = new Linear({ inputs: filters[4] * (imageSize / 8) ** 2, outputs: hidden[0], ...dense, rng: rng.fork("fc1") });
    this.fc2 = new Linear({ inputs: hidden[0], outputs: hidden[1], ...dense, rng: rng.fork("fc2") });
    this.fc3 = new Linear({ inputs: hidden[1], outputs: classes, rng: rng.fork("fc3") });
    this.dropout = new Dropout({ rate: dropout });
  }

  forward(images: Tensor, mode: Mode): Tensor {
    let x = images; // [B, S, S, channels]
    for (const [i, convolution] of this.convolutions.entries()) {
      x = relu(this.norms[i]!.forward(convolution.forward(x), mode)); // [B, s, s, filters[i]]
      if (i === 0 || i === 1 || i === 4) x = maxPool2d(x, { kernelSize: 2 }); // [B, s / 2, s / 2, filters[i]]
    }
    x = this.dropout.forward(this.fc1.forward(flatten(x)), mode); // [B, 512]
    x = this.dropout.forward(this.fc2.forward(x), mode); // [B, 256]
    return this.fc3.forward(x); // [B, classes]
  }

  /** The same names but for the running statistics; the first dense layer follows the flattened image. */
  torchPlace(path: string): TorchPlace {
    if (path !== "fc1.weight") return { name: torchField(path) };
    const channels = this.convolutions.at(-1)!.weight.shape[3]!;
    const side = Math.sqrt(this.fc1.weight.shape[0]! / channels);
    return { name: path, image: { channels, height: side, width: side } };
  }
}
