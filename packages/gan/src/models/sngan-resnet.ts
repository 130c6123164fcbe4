/** Residual GANs with spectral normalisation, and, given classes, conditional batch norm and a projection discriminator. Miyato et al. 2018, arXiv:1802.05957, appendix B.4; Miyato and Koyama 2018, arXiv:1802.05637. */

import { averagePool2d, OptionError, type Rng, relu, resize, ShapeError, Tensor, tanh } from "@dl/core";
import { BatchNorm, Conv2d, Embedding, init, Linear, type Mode, Module } from "@dl/nn";
import { type ClassNorm, classNorm, normalized } from "../layers/class-norm.ts";
import { missingLabels } from "../layers/missing-labels.ts";
import { Plan } from "../layers/plan.ts";
import { SpectralNorm } from "../layers/spectral-norm.ts";

export interface SnganGeneratorOptions {
  /** Default 128. */
  latent?: number;
  /** Height and width of the first feature map; each of `widths` doubles it. */
  startSize: number;
  /** Units of a fully connected layer before the first feature map, which is told the class, too. The paper has none. Default none. */
  hidden?: number;
  /** Channels after each residual block. */
  widths: readonly number[];
  /** Of the images. */
  channels: number;
  /** Classes to be told apart by conditional batch norm. Default none. */
  classes?: number;
  rng: Rng;
}

export interface SnganDiscriminatorOptions {
  /** Height and width of the images; each of `widths` but the last two halves it. */
  imageSize: number;
  /** Of the images. */
  channels: number;
  /** Channels after each residual block. */
  widths: readonly number[];
  /** Classes to be projected on. Default none. */
  classes?: number;
  rng: Rng;
}

/** 32×32 colour images, as the paper's table 3: 256 and 128 channels. */
export const sngan32: {
  readonly generator: Omit<SnganGeneratorOptions, "rng">;
  readonly discriminator: Omit<SnganDiscriminatorOptions, "rng">;
} = {
  generator: { latent: 128, startSize: 4, widths: [256, 256, 256], channels: 3 },
  discriminator: { imageSize: 32, channels: 3, widths: [128, 128, 128, 128] },
};

/** 28×28 grey images, an eighth to a half as wide: a form a CPU trains. A plan before the first feature map, because no block mixes its places at 7×7. Two of the discriminator's four blocks halve the image, as in the paper. */
export const sngan28: typeof sngan32 = {
  generator: { latent: 128, startSize: 7, hidden: 256, widths: [32, 32], channels: 1 },
  discriminator: { imageSize: 28, channels: 1, widths: [32, 32, 64, 64] },
};

/** The paper's first weights. */
const weightInit: init.Initializer = (shape, { rng }) => init.glorotUniform(shape, { rng });

/** Twice as large: norm, ReLU, upsampling and convolution, twice; beside it the upsampled input through a 1×1 convolution. */
class UpBlock extends Module {
  readonly norm1: ClassNorm;
  readonly conv1: Conv2d;
  readonly norm2: ClassNorm;
  readonly conv2: Conv2d;
  readonly shortcut: Conv2d;

  constructor({ inputs, outputs, classes, rng }: { inputs: number; outputs: number; classes: number | undefined; rng: Rng }) {
    super();
    this.norm1 = classNorm({ channels: inputs, classes, rng: rng.fork("norm1") });
    this.conv1 = new Conv2d({ inputs, outputs, kernelSize: 3, padding: 1, weightInit, rng: rng.fork("conv1") });
    this.norm2 = classNorm({ channels: outputs, classes, rng: rng.fork("norm2") });
    this.conv2 = new Conv2d({ inputs: outputs, outputs, kernelSize: 3, padding: 1, weightInit, rng: rng.fork("conv2") });
    this.shortcut = new Conv2d({ inputs, outputs, kernelSize: 1, weightInit, rng: rng.fork("shortcut") });
  }

  forward(x: Tensor, labels: Tensor | undefined, mode: Mode): Tensor {
    let y = this.conv1.forward(doubled(relu(normalized(this.norm1, x, { labels, mode })))); // [B, 2H, 2W, outputs]
    y = this.conv2.forward(relu(normalized(this.norm2, y, { labels, mode })));
    // A 1×1 convolution and upsampling change places without a trace; so there is a quarter of the work.
    return y.add(doubled(this.shortcut.forward(x)));
  }
}

function checkCall(where: string, labels: Tensor | undefined): void {
  if (labels !== undefined && !(labels instanceof Tensor))
    throw missingLabels(where, "labels [B] or undefined as its second input, and the mode as its third");
}

function doubled(x: Tensor): Tensor {
  return resize(x, { size: [2 * x.shape[1]!, 2 * x.shape[2]!], mode: "nearest" });
}

/** Latents `[B, latent]`, with classes also labels `[B]` → images `[B, S, S, channels]` in [−1, 1]. */
export class SnganGenerator extends Module {
  readonly hidden: Plan | undefined;
  readonly project: Linear;
  readonly blocks: readonly UpBlock[];
  readonly norm: BatchNorm;
  readonly toImage: Conv2d;
  readonly startSize: number;
  readonly latent: number;
  readonly classes: number | undefined;

  constructor({ latent = 128, startSize, hidden, widths, channels, classes, rng }: SnganGeneratorOptions) {
    super();
    if (widths.length === 0) throw new OptionError("SnganGenerator: expected at least one width, got none.");
    const first = widths[0]!;
    this.hidden =
      hidden === undefined
        ? undefined
        : new Plan({ inputs: latent, outputs: hidden, classes, activation: relu, weightInit, rng: rng.fork("hidden") });
    this.project = new Linear({ inputs: hidden ?? latent, outputs: startSize * startSize * first, weightInit, rng: rng.fork("project") });
    this.blocks = widths.map(
      (outputs, i) => new UpBlock({ inputs: widths[Math.max(0, i - 1)]!, outputs, classes, rng: rng.fork(`block ${i}`) }),
    );
    const last = widths.at(-1)!;
    this.norm = new BatchNorm({ channels: last });
    this.toImage = new Conv2d({ inputs: last, outputs: channels, kernelSize: 3, padding: 1, weightInit, rng: rng.fork("image") });
    this.startSize = startSize;
    this.latent = latent;
    this.classes = classes;
  }

  forward(latents: Tensor, labels: Tensor | undefined, mode: Mode): Tensor {
    if (latents.rank !== 2 || latents.shape[1] !== this.latent) {
      throw new ShapeError(`SnganGenerator: expected latents [B, ${this.latent}], got [${latents.shape.join(", ")}].`);
    }
    checkCall("SnganGenerator", labels);
    if ((labels === undefined) !== (this.classes === undefined)) {
      const [expected, got] = this.classes === undefined ? ["no labels", "some"] : ["labels [B]", "none"];
      throw new ShapeError(
        `SnganGenerator: expected ${expected}, as it was made ${this.classes === undefined ? "without" : "with"} classes, got ${got}.`,
      );
    }
    const { startSize, hidden } = this;
    const planned = hidden ? hidden.forward(latents, labels, mode) : latents; // [B, hidden]
    let x = this.project.forward(planned).reshape([latents.shape[0]!, startSize, startSize, -1]);
    for (const block of this.blocks) x = block.forward(x, labels, mode); // [B, 2S, 2S, width] …
    return tanh(this.toImage.forward(relu(this.norm.forward(x, mode))));
  }
}

/** ReLU and convolution, twice, spectrally normalised; may halve the image. The first block gets the image itself: no ReLU before. */
class DownBlock extends Module {
  readonly conv1: SpectralNorm;
  readonly conv2: SpectralNorm;
  readonly shortcut: SpectralNorm | undefined;
  readonly isFirst: boolean;
  readonly halves: boolean;

  constructor({ inputs, outputs, isFirst, halves, rng }: { inputs: number; outputs: number; isFirst: boolean; halves: boolean; rng: Rng }) {
    super();
    const conv = (label: string, { inputs, kernelSize }: { inputs: number; kernelSize: 1 | 3 }): SpectralNorm =>
      new SpectralNorm(new Conv2d({ inputs, outputs, kernelSize, padding: kernelSize === 3 ? 1 : 0, weightInit, rng: rng.fork(label) }), {
        rng: rng.fork(`${label} norm`),
      });
    this.conv1 = conv("conv1", { inputs, kernelSize: 3 });
    this.conv2 = conv("conv2", { inputs: outputs, kernelSize: 3 });
    this.shortcut = halves || inputs !== outputs ? conv("shortcut", { inputs, kernelSize: 1 }) : undefined;
    this.isFirst = isFirst;
    this.halves = halves;
  }

  forward(x: Tensor, mode: Mode): Tensor {
    const halve = (y: Tensor): Tensor => (this.halves ? averagePool2d(y, { kernelSize: 2 }) : y);
    const y = this.conv1.forward(this.isFirst ? x : relu(x), mode);
    const main = halve(this.conv2.forward(relu(y), mode));
    // Averages and a 1×1 convolution change places: pooled first, it is a quarter of the work.
    return main.add(this.shortcut ? this.shortcut.forward(halve(x), mode) : x);
  }
}

/** Images `[B, S, S, channels]`, with classes also labels `[B]` → scores `[B]`. */
export class SnganDiscriminator extends Module {
  readonly blocks: readonly DownBlock[];
  readonly score: SpectralNorm;
  /**
   * A direction for each class, `[classes, width]`; its product with the features is added to the score. The paper bounds every layer of the
   * discriminator, and its authors' code bounds this one, too.
   */
  readonly directions: SpectralNorm | undefined;
  readonly imageShape: readonly [number, number, number];

  constructor({ imageSize, channels, widths, classes, rng }: SnganDiscriminatorOptions) {
    super();
    const halvings = Math.max(0, widths.length - 2) || 1;
    if (widths.length < 2 || imageSize % 2 ** halvings !== 0) {
      throw new OptionError(
        `SnganDiscriminator: expected at least 2 widths and an imageSize that can be halved ${halvings} times, got ${widths.length} and ${imageSize}.`,
      );
    }
    this.blocks = widths.map(
      (outputs, i) =>
        new DownBlock({
          inputs: i === 0 ? channels : widths[i - 1]!,
          outputs,
          isFirst: i === 0,
          halves: i < halvings,
          rng: rng.fork(`block ${i}`),
        }),
    );
    const last = widths.at(-1)!;
    this.score = new SpectralNorm(new Linear({ inputs: last, outputs: 1, weightInit, rng: rng.fork("score") }), {
      rng: rng.fork("score norm"),
    });
    this.directions =
      classes === undefined
        ? undefined
        : new SpectralNorm(new Embedding({ count: classes, size: last, weightInit, rng: rng.fork("directions") }), {
            rng: rng.fork("directions norm"),
          });
    this.imageShape = [imageSize, imageSize, channels];
  }

  forward(images: Tensor, labels: Tensor | undefined, mode: Mode): Tensor {
    if (images.rank !== 4 || images.shape.slice(1).join() !== this.imageShape.join()) {
      throw new ShapeError(`SnganDiscriminator: expected images [B, ${this.imageShape.join(", ")}], got [${images.shape.join(", ")}].`);
    }
    checkCall("SnganDiscriminator", labels);
    if (labels && !this.directions)
      throw new ShapeError("SnganDiscriminator: expected no labels, as it was made without classes, got some.");
    if (labels && (labels.rank !== 1 || labels.shape[0] !== images.shape[0])) {
      throw new ShapeError(`SnganDiscriminator: expected labels [${images.shape[0]}], one an image, got [${labels.shape.join(", ")}].`);
    }
    let x = images;
    for (const block of this.blocks) x = block.forward(x, mode); // [B, S / 2, S / 2, width] …
    const features = relu(x).sum([1, 2]); // [B, width]
    const score = this.score.forward(features, mode).reshape([-1]); // [B]
    if (!this.directions) return score;
    if (!labels) throw new ShapeError("SnganDiscriminator: expected labels [B], as it was made with classes, got none.");
    return score.add(this.directions.forward(labels, mode).mul(features).sum(1));
  }
}
