/** Images into images without pairs. Zhu et al. 2017, arXiv:1703.10593: two residual generators, and the way back as the teacher. */

import { OptionError, pad, type Rng, relu, type Scalar, ShapeError, type Tensor, tanh } from "@dl/core";
import { Conv2d, ConvTranspose2d, InstanceNorm, init, type Mode, Module } from "@dl/nn";
import { reconstructionLoss } from "./pix2pix.ts";

const weightInit: init.Initializer = (shape, { rng }) => init.normal(shape, { rng, standardDeviation: 0.02 });

export interface CycleGeneratorOptions {
  /** Of both sides' images. */
  channels: number;
  /** Channels at full size; twice and four times as many at half and quarter size. Default 64. */
  width?: number;
  /** Residual blocks at quarter size. Default 9, for 256×256; the paper takes 6 for 128×128. */
  blocks?: number;
  rng: Rng;
}

/** Mirrors the border instead of zeros, which would show: section 7.1. */
function mirrored(x: Tensor, border: number): Tensor {
  return pad(
    x,
    [
      [0, 0],
      [border, border],
      [border, border],
      [0, 0],
    ],
    { mode: "reflect" },
  );
}

class ResidualBlock extends Module {
  readonly conv1: Conv2d;
  readonly norm1: InstanceNorm;
  readonly conv2: Conv2d;
  readonly norm2: InstanceNorm;

  constructor({ width, rng }: { width: number; rng: Rng }) {
    super();
    this.conv1 = new Conv2d({ inputs: width, outputs: width, kernelSize: 3, weightInit, rng: rng.fork("conv1") });
    this.norm1 = new InstanceNorm({ channels: width });
    this.conv2 = new Conv2d({ inputs: width, outputs: width, kernelSize: 3, weightInit, rng: rng.fork("conv2") });
    this.norm2 = new InstanceNorm({ channels: width });
  }

  forward(x: Tensor): Tensor {
    const y = relu(this.norm1.forward(this.conv1.forward(mirrored(x, 1))));
    return x.add(this.norm2.forward(this.conv2.forward(mirrored(y, 1))));
  }
}

/** Images `[B, H, W, channels]` → images of the other side, in [−1, 1]; sides are multiples of 4, at least 8. Each goes through alone: instance norm. */
export class CycleGenerator extends Module {
  readonly enter: Conv2d;
  readonly enterNorm: InstanceNorm;
  readonly down: readonly { readonly conv: Conv2d; readonly norm: InstanceNorm }[];
  readonly blocks: readonly ResidualBlock[];
  readonly up: readonly { readonly conv: ConvTranspose2d; readonly norm: InstanceNorm }[];
  readonly leave: Conv2d;

  constructor({ channels, width = 64, blocks = 9, rng }: CycleGeneratorOptions) {
    super();
    if (!Number.isInteger(blocks) || blocks < 1)
      throw new OptionError(`CycleGenerator: expected a whole number of blocks ≥ 1, got ${blocks}.`);
    this.enter = new Conv2d({ inputs: channels, outputs: width, kernelSize: 7, weightInit, rng: rng.fork("enter") });
    this.enterNorm = new InstanceNorm({ channels: width });
    this.down = [1, 2].map((factor) => ({
      conv: new Conv2d({
        ...{ inputs: factor * width, outputs: 2 * factor * width, kernelSize: 3, stride: 2, padding: 1, weightInit },
        rng: rng.fork(`down ${factor}`),
      }),
      norm: new InstanceNorm({ channels: 2 * factor * width }),
    }));
    this.blocks = Array.from({ length: blocks }, (_, i) => new ResidualBlock({ width: 4 * width, rng: rng.fork(`block ${i}`) }));
    this.up = [4, 2].map((factor) => ({
      conv: new ConvTranspose2d({
        ...{ inputs: factor * width, outputs: (factor / 2) * width, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1, weightInit },
        rng: rng.fork(`up ${factor}`),
      }),
      norm: new InstanceNorm({ channels: (factor / 2) * width }),
    }));
    this.leave = new Conv2d({ inputs: width, outputs: channels, kernelSize: 7, weightInit, rng: rng.fork("leave") });
  }

  forward(images: Tensor, _mode?: Mode): Tensor {
    if (images.rank !== 4 || images.shape.slice(1, 3).some((side) => side < 8 || side % 4 !== 0)) {
      throw new ShapeError(
        `CycleGenerator: expected images [B, H, W, C] with sides that are multiples of 4, at least 8, got [${images.shape.join(", ")}].`,
      );
    }
    let x = relu(this.enterNorm.forward(this.enter.forward(mirrored(images, 3))));
    for (const { conv, norm } of this.down) x = relu(norm.forward(conv.forward(x)));
    for (const block of this.blocks) x = block.forward(x);
    for (const { conv, norm } of this.up) x = relu(norm.forward(conv.forward(x)));
    return tanh(this.leave.forward(mirrored(x, 3)));
  }
}

export interface CycleLossOptions {
  /** Of the way there and back. Default 10. */
  cycle?: number;
  /** Of images that are on the other side already, which should stay as they are; 0 for none. Default 5. */
  identity?: number;
}

/** The two generators: from a to b, and back. */
export interface CycleGenerators {
  readonly toB: (a: Tensor) => Tensor;
  readonly toA: (b: Tensor) => Tensor;
}

/**
 * What holds the two together: λ‖toA(toB(a)) − a‖₁ + λ‖toB(toA(b)) − b‖₁, and the identity's loss. Equation 2 and section 5.2. To be added to
 * both generators' adversarial losses.
 *
 * @returns The loss, and both translations, for the discriminators.
 */
export function cycleLoss(
  { toA, toB }: CycleGenerators,
  { a, b }: { readonly a: Tensor; readonly b: Tensor },
  { cycle = 10, identity = 5 }: CycleLossOptions = {},
): { readonly loss: Scalar; readonly fakeA: Tensor; readonly fakeB: Tensor } {
  const [fakeA, fakeB] = [toA(b), toB(a)];
  const back = reconstructionLoss(toA(fakeB), a, { weight: cycle }).add(reconstructionLoss(toB(fakeA), b, { weight: cycle }));
  if (identity === 0) return { loss: back, fakeA, fakeB };
  const same = reconstructionLoss(toA(a), a, { weight: identity }).add(reconstructionLoss(toB(b), b, { weight: identity }));
  return { loss: back.add(same), fakeA, fakeB };
}
