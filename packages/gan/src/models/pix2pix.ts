/** Images into images, learned from pairs. Isola et al. 2017, arXiv:1611.07004: a U-Net against a discriminator of patches, and the L1 distance. */

import { concat, dropout, leakyRelu, OptionError, type Rng, relu, type Scalar, ShapeError, type Tensor, tanh } from "@dl/core";
import { BatchNorm, Conv2d, ConvTranspose2d, InstanceNorm, init, type Mode, Module } from "@dl/nn";

const weightInit: init.Initializer = (shape, { rng }) => init.normal(shape, { rng, standardDeviation: 0.02 });
const half = { kernelSize: 4, stride: 2, padding: 1, weightInit } as const;

export interface UnetGeneratorOptions {
  /** Channels of the image that is given, and of the one that is made. */
  inputs: number;
  outputs: number;
  /** Channels after each halving. Default those of the paper for 256×256: 64, 128, 256, and five times 512. */
  widths?: readonly number[];
  /** Dropout in the innermost three layers of the way up: the only noise there is. Default 0.5. */
  dropout?: number;
  rng: Rng;
}

/** `[B, S, S, inputs]` → `[B, S, S, outputs]` in [−1, 1]; S is a multiple of 2 to the number of widths. */
export class UnetGenerator extends Module {
  readonly down: readonly { readonly conv: Conv2d; readonly norm: BatchNorm | undefined }[];
  readonly up: readonly { readonly conv: ConvTranspose2d; readonly norm: BatchNorm | undefined }[];
  readonly dropout: number;

  constructor({ inputs, outputs, widths = [64, 128, 256, 512, 512, 512, 512, 512], dropout = 0.5, rng }: UnetGeneratorOptions) {
    super();
    if (widths.length < 2) throw new OptionError(`UnetGenerator: expected at least 2 widths, got ${widths.length}.`);
    const deepest = widths.length - 1;
    this.down = widths.map((width, i) => {
      // Neither the outermost layer nor the innermost, whose map may be one pixel, is normalised.
      const normalized = i > 0 && i < deepest;
      const conv = new Conv2d({
        inputs: i === 0 ? inputs : widths[i - 1]!,
        outputs: width,
        ...half,
        bias: !normalized,
        rng: rng.fork(`down ${i}`),
      });
      return { conv, norm: normalized ? new BatchNorm({ channels: width }) : undefined };
    });
    this.up = widths.map((_, step) => {
      const i = deepest - step;
      const width = i === 0 ? outputs : widths[i - 1]!;
      const from = step === 0 ? widths[i]! : 2 * widths[i]!;
      const conv = new ConvTranspose2d({ inputs: from, outputs: width, ...half, bias: i === 0, rng: rng.fork(`up ${i}`) });
      return { conv, norm: i === 0 ? undefined : new BatchNorm({ channels: width }) };
    });
    this.dropout = dropout;
  }

  forward(images: Tensor, mode: Mode): Tensor {
    const multiple = 2 ** this.down.length;
    if (images.rank !== 4 || images.shape[1]! % multiple !== 0 || images.shape[2]! % multiple !== 0) {
      throw new ShapeError(
        `UnetGenerator: expected images [B, H, W, C] with sides that are multiples of ${multiple}, got [${images.shape.join(", ")}].`,
      );
    }
    const levels: Tensor[] = [];
    let x = images;
    this.down.forEach(({ conv, norm }, i) => {
      x = conv.forward(i === 0 ? x : leakyRelu(x, 0.2));
      if (norm) x = norm.forward(x, mode);
      levels.push(x);
    });
    this.up.forEach(({ conv, norm }, step) => {
      const level = levels[levels.length - 1 - step]!;
      x = conv.forward(relu(step === 0 ? x : concat([x, level], { axis: 3 })));
      if (norm) x = norm.forward(x, mode);
      if (mode.training && this.dropout > 0 && step < 3 && norm) x = dropout(x, { rate: this.dropout, rng: mode.rng });
    });
    return tanh(x);
  }
}

export interface PatchDiscriminatorOptions {
  /** Channels of what it sees: for pix2pix those of input and output together. */
  channels: number;
  /** Channels after each halving, then one layer more of twice the last. Default [64, 128, 256]: patches of 70×70. */
  widths?: readonly number[];
  /** After every convolution but the first: pix2pix's is batch norm, CycleGAN's instance norm. Default `batch`. */
  norm?: "batch" | "instance";
  rng: Rng;
}

/** Images → a map of scores `[B, H', W', 1]`, each of a patch. */
export class PatchDiscriminator extends Module {
  readonly blocks: readonly { readonly conv: Conv2d; readonly norm: BatchNorm | InstanceNorm | undefined }[];
  readonly score: Conv2d;

  constructor({ channels, widths = [64, 128, 256], norm = "batch", rng }: PatchDiscriminatorOptions) {
    super();
    if (widths.length < 1) throw new OptionError("PatchDiscriminator: expected at least one width, got none.");
    if (norm !== "batch" && norm !== "instance") {
      norm satisfies never;
      throw new OptionError(`PatchDiscriminator: expected a norm batch or instance, got ${String(norm)}.`);
    }
    const Norm = norm === "batch" ? BatchNorm : InstanceNorm;
    const last = 2 * widths.at(-1)!;
    const sizes = [channels, ...widths, last];
    this.blocks = sizes.slice(1).map((outputs, i) => ({
      conv: new Conv2d({
        inputs: sizes[i]!,
        outputs,
        ...half,
        stride: i < widths.length ? 2 : 1,
        bias: i === 0,
        rng: rng.fork(`block ${i}`),
      }),
      norm: i === 0 ? undefined : new Norm({ channels: outputs }),
    }));
    this.score = new Conv2d({ inputs: last, outputs: 1, ...half, stride: 1, rng: rng.fork("score") });
  }

  forward(images: Tensor, mode: Mode): Tensor {
    let x = images;
    for (const { conv, norm } of this.blocks) {
      x = conv.forward(x);
      x = leakyRelu(norm ? norm.forward(x, mode) : x, 0.2);
    }
    return this.score.forward(x);
  }
}

/** λ times the mean absolute difference, beside the adversarial loss. The paper's λ is 100. */
export function reconstructionLoss(made: Tensor, wanted: Tensor, { weight = 100 }: { weight?: number } = {}): Scalar {
  if (made.shape.join() !== wanted.shape.join()) {
    throw new ShapeError(
      `reconstructionLoss: expected images of one shape, got [${made.shape.join(", ")}] and [${wanted.shape.join(", ")}].`,
    );
  }
  return made.sub(wanted).abs().mean().mul(weight);
}
