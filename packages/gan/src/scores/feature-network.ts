/** The networks that scores of small grey images look through: classifiers whose last hidden layer is the features. */

import { globalAveragePool2d, type Rng, relu, ShapeError, type Tensor } from "@dl/core";
import { BatchNorm, Conv2d, Linear, type Mode, Module } from "@dl/nn";

export interface FeatureNetworkOptions {
  /** Of the images. */
  channels: number;
  classes: number;
  rng: Rng;
}

/** Digits, and clothes: 28×28 grey images of ten classes. */
export const featureNetworkMnist: Omit<FeatureNetworkOptions, "rng"> = { channels: 1, classes: 10 };

/** What the network makes of images. */
export interface Perception {
  /** `[B, 64]` */
  readonly features: Tensor;
  /** `[B, classes]` */
  readonly logits: Tensor;
}

/**
 * Four 3×3 convolutions, two of them with stride 2, batch norm, and the mean over the image: 64 features from 33 thousand weights.
 *
 * Images `[B, H, W, channels]` in [0, 1], of at least 4×4.
 *
 * @example
 * const network = new FeatureNetwork({ ...featureNetworkMnist, rng });
 */
export class FeatureNetwork extends Module {
  readonly blocks: readonly { readonly conv: Conv2d; readonly norm: BatchNorm }[];
  readonly head: Linear;
  readonly channels: number;

  constructor({ channels, classes, rng }: FeatureNetworkOptions) {
    super();
    const plan = [
      { outputs: 16, stride: 1 },
      { outputs: 32, stride: 2 },
      { outputs: 32, stride: 1 },
      { outputs: 64, stride: 2 },
    ] as const;
    let inputs = channels;
    this.blocks = plan.map(({ outputs, stride }, i) => {
      // Bias off: batch norm subtracts it again.
      const conv = new Conv2d({ inputs, outputs, stride, kernelSize: 3, padding: 1, bias: false, rng: rng.fork(`conv ${i}`) });
      inputs = outputs;
      return { conv, norm: new BatchNorm({ channels: outputs }) };
    });
    this.head = new Linear({ inputs, outputs: classes, rng: rng.fork("head") });
    this.channels = channels;
  }

  /** Logits `[B, classes]`, as of any classifier. */
  forward(images: Tensor, mode: Mode): Tensor {
    return this.perceive(images, mode).logits;
  }

  perceive(images: Tensor, mode: Mode): Perception {
    if (images.rank !== 4 || images.shape[3] !== this.channels) {
      throw new ShapeError(
        `FeatureNetwork: expected images [B, H, W, ${this.channels}], got [${images.shape.join(", ")}]. Convert them, or train a network for such images.`,
      );
    }
    let x = images;
    for (const { conv, norm } of this.blocks) x = relu(norm.forward(conv.forward(x), mode)); // [B, H, W, 16] … [B, H / 4, W / 4, 64]
    const features = globalAveragePool2d(x); // [B, 64]
    return { features, logits: this.head.forward(features) };
  }
}
