/** Variational autoencoders. Kingma and Welling 2014, arXiv:1312.6114: an encoder to Gaussians, a decoder, and the evidence lower bound. */

import { exp, flatten, OptionError, type Rng, randomNormal, relu, type Scalar, ShapeError, type Tensor } from "@dl/core";
import { binaryCrossEntropyWithLogits, Conv2d, ConvTranspose2d, Linear, type Mode, Module } from "@dl/nn";

export interface VaeOptions {
  /** Height and width of the images, a multiple of 4. */
  imageSize: number;
  /** Of the images. */
  channels: number;
  /** Default 16. */
  latent?: number;
  /** Channels after the encoder's two halvings. Default [32, 64]. */
  widths?: readonly [number, number];
  rng: Rng;
}

/** Digits. */
export const vaeMnist: Omit<VaeOptions, "rng"> = { imageSize: 28, channels: 1, latent: 16 };

/** What a batch went through. */
export interface VaePass {
  /** Of the pixels, before the sigmoid: `[B, S, S, channels]`. */
  readonly logits: Tensor;
  /** Of the latents' posterior, `[B, latent]`. */
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/**
 * Images `[B, S, S, channels]` in [0, 1].
 *
 * @example
 * const vae = new Vae({ ...vaeMnist, rng });
 */
export class Vae extends Module {
  readonly down: readonly [Conv2d, Conv2d];
  readonly toMean: Linear;
  readonly toLogVariance: Linear;
  readonly fromLatent: Linear;
  readonly up: readonly [ConvTranspose2d, ConvTranspose2d];
  readonly imageSize: number;
  readonly latent: number;

  constructor({ imageSize, channels, latent = 16, widths = [32, 64], rng }: VaeOptions) {
    super();
    if (!Number.isInteger(imageSize / 4)) throw new OptionError(`Vae: expected an imageSize that is a multiple of 4, got ${imageSize}.`);
    const [first, second] = widths;
    const half = { kernelSize: 4, stride: 2, padding: 1 } as const;
    const features = (imageSize / 4) ** 2 * second;
    this.down = [
      new Conv2d({ inputs: channels, outputs: first, ...half, rng: rng.fork("down 0") }),
      new Conv2d({ inputs: first, outputs: second, ...half, rng: rng.fork("down 1") }),
    ];
    this.toMean = new Linear({ inputs: features, outputs: latent, rng: rng.fork("mean") });
    this.toLogVariance = new Linear({ inputs: features, outputs: latent, rng: rng.fork("variance") });
    this.fromLatent = new Linear({ inputs: latent, outputs: features, rng: rng.fork("latent") });
    this.up = [
      new ConvTranspose2d({ inputs: second, outputs: first, ...half, rng: rng.fork("up 0") }),
      new ConvTranspose2d({ inputs: first, outputs: channels, ...half, rng: rng.fork("up 1") }),
    ];
    this.imageSize = imageSize;
    this.latent = latent;
  }

  /** In training the latents are drawn; in inference they are the means. */
  forward(images: Tensor, mode: Mode): VaePass {
    if (images.rank !== 4 || images.shape[1] !== this.imageSize || images.shape[2] !== this.imageSize) {
      throw new ShapeError(`Vae: expected images [B, ${this.imageSize}, ${this.imageSize}, C], got [${images.shape.join(", ")}].`);
    }
    const x = flatten(relu(this.down[1].forward(relu(this.down[0].forward(images)))));
    const mean = this.toMean.forward(x);
    const logVariance = this.toLogVariance.forward(x);
    // The draw as a function of the posterior's parameters, so that gradients flow: section 2.4.
    const latents = mode.training ? mean.add(exp(logVariance.mul(0.5)).mul(randomNormal(mean.shape, { rng: mode.rng }))) : mean;
    return { logits: this.decode(latents), mean, logVariance };
  }

  /** Latents `[B, latent]` → logits of pixels; their sigmoid is the image. */
  decode(latents: Tensor): Tensor {
    const side = this.imageSize / 4;
    const x = relu(this.fromLatent.forward(latents)).reshape([latents.shape[0]!, side, side, -1]);
    return this.up[1].forward(relu(this.up[0].forward(x)));
  }
}

/**
 * The negative evidence lower bound of a batch of images in [0, 1], in nats an image: cross-entropy of the pixels, and β times the
 * divergence of the posterior from the standard normal, ½ Σ (μ² + σ² − ln σ² − 1). β ≠ 1: Higgins et al. 2017.
 */
export function vaeLoss(pass: VaePass, images: Tensor, { beta = 1 }: { beta?: number } = {}): Scalar {
  const { logits, mean, logVariance } = pass;
  const batch = images.shape[0]!;
  const reconstruction = binaryCrossEntropyWithLogits(logits, images, { reduction: "sum" });
  const divergence = mean.square().add(exp(logVariance)).sub(logVariance).sub(1).sum().mul(0.5);
  return reconstruction.add(divergence.mul(beta)).mul(1 / batch);
}
