/** An image as a row of vectors: one for each patch, and one more in front that will stand for the whole. Dosovitskiy et al. 2020, equation 1. */

import { broadcastTo, concat, formatShape, OptionError, type Rng, ShapeError, type Tensor } from "@dl/core";
import { Conv2d, init, Module, Parameter } from "@dl/nn";

export interface PatchEmbeddingOptions {
  /** Height and width of the images, which are square. */
  imageSize: number;
  patchSize: number;
  channels: number;
  /** Length of a patch's vector. */
  size: number;
  /** Of the patches' projection. */
  bias: boolean;
  deviation: number;
  rng: Rng;
}

/** Images `[B, S, S, channels]` → `[B, 1 + (S / patchSize)², size]`. */
export class PatchEmbedding extends Module {
  readonly patches: Conv2d;
  /** `[size]` */
  readonly whole: Parameter;
  /** `[1 + patches, size]` */
  readonly places: Parameter;
  readonly imageSize: number;

  constructor({ imageSize, patchSize, channels, size, bias, deviation, rng }: PatchEmbeddingOptions) {
    super();
    if (imageSize % patchSize !== 0) {
      throw new OptionError(`PatchEmbedding: expected a patchSize that divides imageSize ${imageSize}, got ${patchSize}.`);
    }
    const normal = (shape: readonly number[], name: string) => init.normal(shape, { rng: rng.fork(name), standardDeviation: deviation });
    this.patches = new Conv2d({
      ...{ inputs: channels, outputs: size, kernelSize: patchSize, stride: patchSize, bias },
      rng: rng.fork("patches"),
    });
    this.whole = new Parameter(normal([size], "whole"));
    this.places = new Parameter(normal([1 + (imageSize / patchSize) ** 2, size], "places"));
    this.imageSize = imageSize;
  }

  forward(images: Tensor): Tensor {
    const { imageSize } = this;
    if (images.rank !== 4 || images.shape[1] !== imageSize || images.shape[2] !== imageSize) {
      throw new ShapeError(`PatchEmbedding: expected images [B, ${imageSize}, ${imageSize}, channels], got ${formatShape(images.shape)}.`);
    }
    const grid = this.patches.forward(images); // [B, S / P, S / P, C]
    const [batch, rows, columns, size] = grid.shape as readonly [number, number, number, number];
    const whole = broadcastTo(this.whole.value.reshape([1, 1, size]), [batch, 1, size]);
    return concat([whole, grid.reshape([batch, rows * columns, size])], { axis: 1 }).add(this.places.value);
  }
}
