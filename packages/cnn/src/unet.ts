/** U-Net: a class for every pixel. Ronneberger et al. 2015, arXiv:1505.04597, figure 1; with padding and batch normalisation, as it is used today. */

import { concat, maxPool2d, OptionError, type Rng, relu, ShapeError, type Tensor } from "@dl/core";
import { Conv2d, ConvTranspose2d, type Mode, Module } from "@dl/nn";
import { ConvNorm } from "./conv-norm.ts";

export interface UNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Channels of the first level; each level below has twice as many. Default 64. */
  width?: number;
  /** Times the image is halved on the way down. Default 4. */
  depth?: number;
  rng: Rng;
}

interface DoubleOptions {
  inputs: number;
  outputs: number;
  rng: Rng;
}

/** Two 3×3 convolutions: `[B, H, W, inputs]` → `[B, H, W, outputs]`. */
class DoubleConv extends Module {
  readonly layer1: ConvNorm;
  readonly layer2: ConvNorm;

  constructor({ inputs, outputs, rng }: DoubleOptions) {
    super();
    this.layer1 = new ConvNorm({ inputs, outputs, kernelSize: 3, rng: rng.fork("layer1") });
    this.layer2 = new ConvNorm({ inputs: outputs, outputs, kernelSize: 3, rng: rng.fork("layer2") });
  }

  forward(x: Tensor, mode: Mode): Tensor {
    return relu(this.layer2.forward(relu(this.layer1.forward(x, mode)), mode));
  }
}

/** Back up: doubles the image and halves the channels, takes the level's own image beside it, and mixes the two. */
class UpBlock extends Module {
  readonly up: ConvTranspose2d;
  readonly mix: DoubleConv;

  constructor({ inputs, outputs, rng }: DoubleOptions) {
    super();
    this.up = new ConvTranspose2d({ inputs, outputs, kernelSize: 2, stride: 2, rng: rng.fork("up") });
    this.mix = new DoubleConv({ inputs: 2 * outputs, outputs, rng: rng.fork("mix") });
  }

  forward(x: Tensor, beside: Tensor, mode: Mode): Tensor {
    return this.mix.forward(concat([beside, this.up.forward(x)], { axis: 3 }), mode); // [B, 2 H, 2 W, outputs]
  }
}

/**
 * Images `[B, H, W, channels]` → logits of every pixel `[B, H, W, classes]`; sides are multiples of 2 to the depth.
 *
 * @throws OptionError for widths that are no whole numbers.
 * @example
 * const model = new UNet({ classes: 4, width: 16, depth: 3, rng: rng.fork("init") });
 */
export class UNet extends Module {
  /** The way down, and the bottom. */
  readonly down: readonly DoubleConv[];
  /** From the bottom up. */
  readonly up: readonly UpBlock[];
  readonly head: Conv2d;

  constructor({ channels = 3, classes, width = 64, depth = 4, rng }: UNetOptions) {
    super();
    if ([channels, classes, width, depth].some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(
        `UNet: expected whole numbers ≥ 1, got channels ${channels}, classes ${classes}, width ${width} and depth ${depth}.`,
      );
    }
    const widths = Array.from({ length: depth + 1 }, (_, level) => width * 2 ** level);
    this.down = widths.map((outputs, level) => {
      return new DoubleConv({ inputs: level === 0 ? channels : widths[level - 1]!, outputs, rng: rng.fork(`down${level}`) });
    });
    this.up = widths
      .slice(0, -1)
      .map((outputs, level) => new UpBlock({ inputs: 2 * outputs, outputs, rng: rng.fork(`up${level}`) }))
      .reverse();
    this.head = new Conv2d({ inputs: width, outputs: classes, kernelSize: 1, rng: rng.fork("head") });
  }

  /** What the head sees: `[B, H, W, width]`. */
  features(images: Tensor, mode: Mode): Tensor {
    const [, height, width] = images.shape;
    const unit = 2 ** this.up.length;
    if (height! % unit !== 0 || width! % unit !== 0) {
      throw new ShapeError(`UNet: expected images with sides that are multiples of ${unit}, got ${height} × ${width}. Pad or resize them.`);
    }
    const levels: Tensor[] = [];
    let x = images;
    for (const [level, block] of this.down.entries()) {
      x = block.forward(level === 0 ? x : maxPool2d(x, { kernelSize: 2 }), mode); // [B, H / 2^level, W / 2^level, width · 2^level]
      levels.push(x);
    }
    for (const [i, block] of this.up.entries()) x = block.forward(x, levels[levels.length - 2 - i]!, mode);
    return x;
  }

  forward(images: Tensor, mode: Mode): Tensor {
    return this.head.forward(this.features(images, mode)); // [B, H, W, classes]
  }
}
