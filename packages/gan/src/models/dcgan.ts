/** Deep convolutional GANs. Radford et al. 2015, arXiv:1511.06434: strided convolutions, batch norm, leaky ReLU, tanh. */

import { dropout, flatten, leakyRelu, OptionError, type Rng, ShapeError, type Tensor, tanh } from "@dl/core";
import { BatchNorm, Conv2d, ConvTranspose2d, init, Linear, type Mode, Module } from "@dl/nn";
import { Plan } from "../layers/plan.ts";

export interface DcganGeneratorOptions {
  /** Length of a latent vector. Default 100. */
  latent?: number;
  /** Height and width of the first feature map; each of `widths` doubles it. */
  startSize: number;
  /** Channels of the first feature map. Default 256. */
  startWidth?: number;
  /** Units of a fully connected layer before the first feature map, as InfoGAN has it (Chen et al. 2016, arXiv:1606.03657, C.1), but with batch norm after its activation. Default none. */
  hidden?: number;
  /** Output channels of the transposed convolutions, one after the other. Default [128, 64]. */
  widths?: readonly number[];
  /** Of the images. */
  channels: number;
  rng: Rng;
}

export interface DcganDiscriminatorOptions {
  /** Height and width of the images, which are square; each of `widths` halves it, rounding down. */
  imageSize: number;
  /** Of the images. */
  channels: number;
  /** Output channels of the convolutions. Default [64, 128]. */
  widths?: readonly number[];
  /** Units of a fully connected layer between the convolutions and the score, which sees the image as a whole; InfoGAN's. Default none. */
  hidden?: number;
  /** Batch norm after every layer but the first and the score. Gradient penalties do not go with it. Default false. */
  batchNorm?: boolean;
  /** Share of activations dropped after each convolution in training. Default 0. */
  dropout?: number;
  rng: Rng;
}

/** 28×28 grey digits: 100 → 7·7·256 → 128 → 64 → 1, and 64 → 128 → a score. Kernels and batch norm as Radford et al. have them. */
export const dcganMnist: {
  readonly generator: Omit<DcganGeneratorOptions, "rng">;
  readonly discriminator: Omit<DcganDiscriminatorOptions, "rng">;
} = {
  generator: { latent: 100, startSize: 7, startWidth: 256, widths: [128, 64], channels: 1 },
  discriminator: { imageSize: 28, channels: 1, widths: [64, 128] },
};

/**
 * Players as strong as each other. The generator has half the essay's channels; the discriminator batch norm and a third convolution. A
 * hidden layer in both decides about the image as a whole, where the essay's discriminator adds up what it sees in pieces of 10×10.
 * `docs/decisions/0083` has the numbers.
 */
export const dcganMnistBalanced: typeof dcganMnist = {
  generator: { ...dcganMnist.generator, hidden: 512, startWidth: 128, widths: [64, 32] },
  discriminator: { ...dcganMnist.discriminator, widths: [64, 128, 256], hidden: 256, batchNorm: true },
};

/** 32×32 colour images. */
export const dcgan32: typeof dcganMnist = {
  generator: { latent: 100, startSize: 4, startWidth: 512, widths: [256, 128, 64], channels: 3 },
  discriminator: { imageSize: 32, channels: 3, widths: [64, 128, 256], batchNorm: true },
};

const slope = 0.2;

/** The paper's first weights, section 4. */
const weightInit: init.Initializer = (shape, { rng }) => init.normal(shape, { rng, standardDeviation: 0.02 });

/** Judges the image as a whole: `[B, inputs]` → `[B, outputs]`. */
class HiddenLayer extends Module {
  readonly linear: Linear;
  readonly norm: BatchNorm | undefined;

  constructor({ inputs, outputs, batchNorm, rng }: { inputs: number; outputs: number; batchNorm: boolean; rng: Rng }) {
    super();
    this.linear = new Linear({ inputs, outputs, bias: !batchNorm, weightInit, rng });
    this.norm = batchNorm ? new BatchNorm({ channels: outputs }) : undefined;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const y = this.linear.forward(x);
    return leakyRelu(this.norm ? this.norm.forward(y, mode) : y, slope);
  }
}

/**
 * Latents `[B, latent]` → images `[B, S, S, channels]` in [−1, 1].
 *
 * @example
 * const generator = new DcganGenerator({ ...dcganMnist.generator, rng: rng.fork("generator") });
 */
export class DcganGenerator extends Module {
  readonly hidden: Plan | undefined;
  readonly project: Linear;
  readonly norm: BatchNorm;
  readonly blocks: readonly { readonly conv: ConvTranspose2d; readonly norm: BatchNorm }[];
  readonly toImage: Conv2d;
  readonly latent: number;
  readonly startSize: number;

  constructor({ latent = 100, startSize, startWidth = 256, hidden, widths = [128, 64], channels, rng }: DcganGeneratorOptions) {
    super();
    checkWhole("DcganGenerator", { latent, startSize, startWidth, channels, ...(hidden !== undefined && { hidden }) });
    const activation = (x: Tensor): Tensor => leakyRelu(x, slope);
    this.hidden =
      hidden === undefined ? undefined : new Plan({ inputs: latent, outputs: hidden, activation, weightInit, rng: rng.fork("hidden") });
    // Biases off: batch norm subtracts them again.
    this.project = new Linear({
      inputs: hidden ?? latent,
      outputs: startSize * startSize * startWidth,
      bias: false,
      weightInit,
      rng: rng.fork("project"),
    });
    this.norm = new BatchNorm({ channels: startWidth });
    const inputs = [startWidth, ...widths];
    this.blocks = widths.map((outputs, i) => ({
      conv: new ConvTranspose2d({
        ...{ inputs: inputs[i]!, outputs, kernelSize: 4, stride: 2, padding: 1, bias: false, weightInit },
        rng: rng.fork(`block ${i}`),
      }),
      norm: new BatchNorm({ channels: outputs }),
    }));
    this.toImage = new Conv2d({ inputs: inputs.at(-1)!, outputs: channels, kernelSize: 3, padding: 1, weightInit, rng: rng.fork("image") });
    this.latent = latent;
    this.startSize = startSize;
  }

  forward(latents: Tensor, mode: Mode): Tensor {
    // B batch, S start size
    if (latents.rank !== 2 || latents.shape[1] !== this.latent) {
      throw new ShapeError(`DcganGenerator: expected latents [B, ${this.latent}], got [${latents.shape.join(", ")}].`);
    }
    const { startSize, hidden } = this;
    const planned = hidden ? hidden.forward(latents, undefined, mode) : latents; // [B, hidden]
    const seeds = this.project.forward(planned).reshape([latents.shape[0]!, startSize, startSize, -1]); // [B, S, S, 256]
    let x = leakyRelu(this.norm.forward(seeds, mode), slope);
    for (const { conv, norm } of this.blocks) x = leakyRelu(norm.forward(conv.forward(x), mode), slope); // [B, 2S, 2S, 128] …
    return tanh(this.toImage.forward(x)); // [B, 4S, 4S, channels]
  }
}

/**
 * Images `[B, S, S, channels]` in [−1, 1] → scores `[B]`, whose sigmoid is the probability of being real.
 *
 * @example
 * const discriminator = new DcganDiscriminator({ ...dcganMnist.discriminator, rng: rng.fork("discriminator") });
 */
export class DcganDiscriminator extends Module {
  readonly blocks: readonly { readonly conv: Conv2d; readonly norm: BatchNorm | undefined }[];
  readonly hidden: HiddenLayer | undefined;
  readonly score: Linear;
  readonly imageShape: readonly [number, number, number];
  readonly dropout: number;

  constructor({ imageSize, channels, widths = [64, 128], hidden, batchNorm = false, dropout = 0, rng }: DcganDiscriminatorOptions) {
    super();
    checkWhole("DcganDiscriminator", { imageSize, channels, ...(hidden !== undefined && { hidden }) });
    const side = Math.floor(imageSize / 2 ** widths.length);
    if (side === 0) {
      throw new OptionError(
        `DcganDiscriminator: expected an imageSize that ${widths.length} layers can halve, at least ${2 ** widths.length}, got ${imageSize}. Resize the images, or take fewer widths.`,
      );
    }
    const inputs = [channels, ...widths];
    this.blocks = widths.map((outputs, i) => {
      const normalized = batchNorm && i > 0;
      return {
        conv: new Conv2d({
          ...{ inputs: inputs[i]!, outputs, kernelSize: 4, stride: 2, padding: 1, bias: !normalized, weightInit },
          rng: rng.fork(`block ${i}`),
        }),
        norm: normalized ? new BatchNorm({ channels: outputs }) : undefined,
      };
    });
    const features = side * side * inputs.at(-1)!;
    this.hidden =
      hidden === undefined ? undefined : new HiddenLayer({ inputs: features, outputs: hidden, batchNorm, rng: rng.fork("hidden") });
    this.score = new Linear({ inputs: hidden ?? features, outputs: 1, weightInit, rng: rng.fork("score") });
    this.imageShape = [imageSize, imageSize, channels];
    this.dropout = dropout;
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.score.forward(this.features(images, mode)).reshape([-1]); // [B]
  }

  /** What the last layer sees: `[B, features]`, or `[B, hidden]`. */
  features(images: Tensor, mode: Mode): Tensor {
    if (images.rank !== 4 || images.shape.slice(1).join() !== this.imageShape.join()) {
      throw new ShapeError(
        `DcganDiscriminator: expected images [B, ${this.imageShape.join(", ")}], got [${images.shape.join(", ")}]. Resize them, or make the network for their size.`,
      );
    }
    let x = images;
    for (const { conv, norm } of this.blocks) {
      x = conv.forward(x);
      x = leakyRelu(norm ? norm.forward(x, mode) : x, slope); // [B, S / 2, S / 2, 64] …
      if (mode.training && this.dropout > 0) x = dropout(x, { rate: this.dropout, rng: mode.rng });
    }
    const features = flatten(x); // [B, features]
    return this.hidden ? this.hidden.forward(features, mode) : features; // [B, hidden]
  }
}

function checkWhole(where: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 1) throw new OptionError(`${where}: expected a whole ${name} ≥ 1, got ${count}.`);
  }
}
