/** LeNet-5. LeCun et al. 1998, "Gradient-based learning applied to document recognition", figure 2; the form of the PyTorch tutorial. */

import { averagePool2d, flatten, maxPool2d, OptionError, type Rng, sigmoid, type Tensor, tanh } from "@dl/core";
import { Conv2d, Linear, Module } from "@dl/nn";
import type { TorchPlace } from "./torch-state.ts";

export type LeNetActivation = "relu" | "tanh" | "sigmoid";

export interface LeNetOptions {
  /** Height and width of the images, which are square; with the padding at least 16. */
  imageSize: number;
  channels: number;
  classes: number;
  /** Output channels of the two convolutions. Default [6, 16]. */
  filters?: readonly [number, number];
  /** Widths of the two hidden dense layers. Default [120, 84]. */
  hidden?: readonly [number, number];
  /** Zeros around the image before the first convolution. Default 0. */
  padding?: number;
  /** Default `relu`; 1998 had `tanh`. */
  activation?: LeNetActivation;
  /** Default `max`; 1998 had averages. */
  pool?: "max" | "average";
  rng: Rng;
}

/** 28×28 grey images, padded to the 32×32 of 1998. */
export const lenetMnist: Omit<LeNetOptions, "rng"> = { imageSize: 28, channels: 1, classes: 10, padding: 2 };

/** 32×32 colour images, as in the PyTorch tutorial "Training a classifier". */
export const lenetCifar10: Omit<LeNetOptions, "rng"> = { imageSize: 32, channels: 3, classes: 10 };

/** 32×32 colour images with four times the channels and the first layer padded: what the same five layers reach when they are wider. */
export const lenetCifar10Wide: Omit<LeNetOptions, "rng"> = {
  imageSize: 32,
  channels: 3,
  classes: 10,
  padding: 2,
  filters: [32, 64],
  hidden: [256, 128],
};

/**
 * Images `[B, S, S, channels]` → logits `[B, classes]`.
 *
 * @throws OptionError when the image is too small for two 5×5 convolutions with pooling.
 * @example
 * const model = new LeNet({ ...lenetMnist, rng: rng.fork("init") });
 */
export class LeNet extends Module {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;
  readonly pool: "max" | "average";
  readonly activation: LeNetActivation;

  constructor({
    imageSize,
    channels,
    classes,
    filters = [6, 16],
    hidden = [120, 84],
    padding = 0,
    activation = "relu",
    pool = "max",
    rng,
  }: LeNetOptions) {
    super();
    // ReLU runs in the layer's own kernel; the others follow it.
    const fused = activation === "relu" ? ({ activation } as const) : {};
    if (!["relu", "tanh", "sigmoid"].includes(activation) || !["max", "average"].includes(pool)) {
      throw new OptionError(
        `LeNet: expected activation "relu", "tanh" or "sigmoid" and pool "max" or "average", got ${JSON.stringify(activation)} and ${JSON.stringify(pool)}.`,
      );
    }
    const side = Math.floor((Math.floor((imageSize + 2 * padding - 4) / 2) - 4) / 2);
    if (!Number.isInteger(imageSize) || side < 1) {
      throw new OptionError(
        `LeNet: expected a whole imageSize of at least ${16 - 2 * padding} with padding ${padding}, got ${imageSize}. Enlarge the images, or the padding.`,
      );
    }
    this.conv1 = new Conv2d({ inputs: channels, outputs: filters[0], kernelSize: 5, padding, ...fused, rng: rng.fork("conv1") });
    this.conv2 = new Conv2d({ inputs: filters[0], outputs: filters[1], kernelSize: 5, ...fused, rng: rng.fork("conv2") });
    this.fc1 = new Linear({ inputs: filters[1] * side * side, outputs: hidden[0], ...fused, rng: rng.fork("fc1") });
    this.fc2 = new Linear({ inputs: hidden[0], outputs: hidden[1], ...fused, rng: rng.fork("fc2") });
    this.fc3 = new Linear({ inputs: hidden[1], outputs: classes, rng: rng.fork("fc3") });
    this.pool = pool;
    this.activation = activation;
  }

  forward(images: Tensor): Tensor {
    // B batch, S image size
    let x = this.#halve(this.#activate(this.conv1.forward(images))); // [B, S / 2, S / 2, 6] with padding 2
    x = this.#halve(this.#activate(this.conv2.forward(x))); // [B, (S / 2 − 4) / 2, …, 16]
    x = this.#activate(this.fc1.forward(flatten(x))); // [B, 120]
    x = this.#activate(this.fc2.forward(x)); // [B, 84]
    return this.fc3.forward(x); // [B, classes]
  }

  /** The names are the same; the first dense layer follows the flattened image. */
  torchPlace(path: string): TorchPlace {
    if (path !== "fc1.weight") return { name: path };
    const channels = this.conv2.weight.shape[3]!;
    const side = Math.sqrt(this.fc1.weight.shape[0]! / channels);
    return { name: path, image: { channels, height: side, width: side } };
  }

  #activate(x: Tensor): Tensor {
    if (this.activation === "relu") return x; // done in the layer
    return this.activation === "tanh" ? tanh(x) : sigmoid(x);
  }

  #halve(x: Tensor): Tensor {
    return this.pool === "max" ? maxPool2d(x, { kernelSize: 2 }) : averagePool2d(x, { kernelSize: 2 });
  }
}
