/**
 * A single-stage detector: objects as points. Zhou et al. 2019, arXiv:1904.07850, sections 3 and 4.
 *
 * Every class has a map of how likely the middle of an object is in a cell; beside it stand the object's size and where in the cell the middle is.
 */

import { concat, OptionError, type Rng, relu, resize, slice, type Tensor } from "@dl/core";
import { Conv2d, init, type Mode, Module } from "@dl/nn";
import { ConvNorm } from "./conv-norm.ts";

export interface CenterNetOptions {
  /** Channels of the images. Default 3. */
  channels?: number;
  classes: number;
  /** Channels of the first layer; the finest map has twice, the coarsest four times as many. Default 16. */
  width?: number;
  rng: Rng;
}

/** A detector's answer: maps a quarter of the images' size. */
export interface CenterMaps {
  /** Logits `[B, H / 4, W / 4, classes]` of being an object's middle. */
  readonly heat: Tensor;
  /** `[B, H / 4, W / 4, 2]`: height and width of the object, in cells. */
  readonly size: Tensor;
  /** `[B, H / 4, W / 4, 2]`: where in the cell the middle is, down and across, from 0 to 1. */
  readonly offset: Tensor;
}

/** Pixels along a side of a cell. */
export const centerNetStride = 4;

/**
 * Images `[B, H, W, channels]`, of sides that are multiples of 8 → `CenterMaps`. Train it with `centerNetLoss` on `centerTargets`, read it with `centerDetections`.
 *
 * @throws OptionError for widths that are no whole numbers.
 * @example
 * const model = new CenterNet({ classes: 3, rng: rng.fork("init") });
 */
export class CenterNet extends Module {
  /** To an eighth of the size, halved by the first, second and fourth. */
  readonly down: readonly ConvNorm[];
  /** Mixes the coarse map, made larger, with the fine one. */
  readonly mix: ConvNorm;
  readonly hidden: ConvNorm;
  readonly heatHead: Conv2d;
  readonly boxHead: Conv2d;

  constructor({ channels = 3, classes, width = 16, rng }: CenterNetOptions) {
    super();
    if ([channels, classes, width].some((count) => !Number.isInteger(count) || count < 1)) {
      throw new OptionError(`CenterNet: expected whole numbers ≥ 1, got channels ${channels}, classes ${classes} and width ${width}.`);
    }
    const layer = (name: string, inputs: number, outputs: number, stride: number): ConvNorm =>
      new ConvNorm({ inputs, outputs, kernelSize: 3, stride, rng: rng.fork(name) });
    this.down = [
      layer("down1", channels, width, 2),
      layer("down2", width, 2 * width, 2),
      layer("fine", 2 * width, 2 * width, 1),
      layer("down3", 2 * width, 4 * width, 2),
      layer("coarse1", 4 * width, 4 * width, 1),
      layer("coarse2", 4 * width, 4 * width, 1),
    ];
    this.mix = layer("mix", 6 * width, 2 * width, 1);
    this.hidden = layer("hidden", 2 * width, 2 * width, 1);
    // A tenth is likely at first: else all the empty cells would be the whole loss. Lin et al. 2017, arXiv:1708.02002, section 4.1.
    const likely = (shape: readonly number[]) => init.constant(shape, { value: -Math.log(9) });
    this.heatHead = new Conv2d({ inputs: 2 * width, outputs: classes, kernelSize: 1, biasInit: likely, rng: rng.fork("heat") });
    this.boxHead = new Conv2d({ inputs: 2 * width, outputs: 4, kernelSize: 1, rng: rng.fork("box") });
  }

  forward(images: Tensor, mode: Mode): CenterMaps {
    let x = images;
    let fine = images;
    for (const [i, layer] of this.down.entries()) {
      x = relu(layer.forward(x, mode)); // H / 2, H / 4, H / 4, H / 8, H / 8, H / 8
      if (i === 2) fine = x; // [B, H / 4, W / 4, 2 · width]
    }
    const [, height, width] = fine.shape as readonly [number, number, number, number];
    const larger = resize(x, { size: [height, width], mode: "nearest" }); // [B, H / 4, W / 4, 4 · width]
    const y = relu(this.hidden.forward(relu(this.mix.forward(concat([fine, larger], { axis: 3 }), mode)), mode));
    const box = this.boxHead.forward(y); // [B, H / 4, W / 4, 4]
    const sizes = [box.shape[0]!, height, width, 2];
    return { heat: this.heatHead.forward(y), size: slice(box, [0, 0, 0, 0], { sizes }), offset: slice(box, [0, 0, 0, 2], { sizes }) };
  }
}
