/** Flips and shifts made where the images are: on the device, inside `compute`. The same operations as `flip` and `padCrop` on the host. */

import {
  concat,
  DtypeError,
  formatShape,
  gather,
  type Rng,
  flip as reversed,
  ShapeError,
  type Tensor,
  tensor,
  where,
  zeros,
} from "@dl/core";
import { checkFlip, type FlipOptions } from "./flip.ts";
import { checkPadCrop, checkReflected, type PadCropOptions, reflect } from "./pad-crop.ts";

export interface DeviceMoveOptions {
  /** Where the choices are drawn from: on the host, before the work begins. */
  rng: Rng;
}

export interface DeviceFlipOptions extends DeviceMoveOptions, FlipOptions {}

export interface DevicePadCropOptions extends DeviceMoveOptions, PadCropOptions {}

/** Mirrors each of `images` `[B, H, W, C]` with `probability`, left to right or, with `direction` `"vertical"`, top to bottom. */
export function deviceFlip(images: Tensor, { rng, probability = 0.5, direction = "horizontal" }: DeviceFlipOptions): Tensor {
  checkFlip("deviceFlip", { probability, direction });
  const [count] = imageShape("deviceFlip", images);
  const chosen = tensor(rng.bernoulli([count, 1, 1, 1], probability));
  return where(chosen, reversed(images, direction === "horizontal" ? 2 : 1), images);
}

/** Moves each of `images` `[B, H, W, C]` by up to `padding` pixels, down and across; what comes from outside is 0, or mirrored. */
export function devicePadCrop(images: Tensor, { rng, padding, mode = "zero" }: DevicePadCropOptions): Tensor {
  checkPadCrop("devicePadCrop", { padding, mode });
  const [count, height, width, channels] = imageShape("devicePadCrop", images);
  if (mode === "reflect") checkReflected("devicePadCrop", { padding, height, width });
  const source = (at: number, size: number): number => (mode === "reflect" ? reflect(at, size) : at);
  // One gather of pixels: row `count · height · width` of the table is the zero outside.
  const outside = count * height * width;
  const places = new Int32Array(outside);
  for (let image = 0, at = 0; image < count; image++) {
    const down = rng.integer(0, 2 * padding + 1) - padding;
    const across = rng.integer(0, 2 * padding + 1) - padding;
    for (let row = down; row < down + height; row++) {
      const y = source(row, height);
      for (let column = across; column < across + width; column++) {
        const x = source(column, width);
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        places[at++] = inside ? (image * height + y) * width + x : outside;
      }
    }
  }
  const table = concat([images.reshape([outside, channels]), zeros([1, channels])], { axis: 0 });
  return gather(table, tensor({ shape: [outside], dtype: "int32", data: places }), { axis: 0 }).reshape([count, height, width, channels]);
}

/** `[B, H, W, C]`, checked. */
export function imageShape(where: string, images: Tensor): readonly [number, number, number, number] {
  if (images.dtype !== "float32") throw new DtypeError(`${where}: expected float32 images, got ${images.dtype}.`);
  if (images.shape.length !== 4) throw new ShapeError(`${where}: expected images [B, H, W, C], got ${formatShape(images.shape)}.`);
  return images.shape as readonly [number, number, number, number];
}
