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

export interface DeviceMoveOptions {
  /** Where the choices are drawn from: on the host, before the work begins. */
  rng: Rng;
}

/** Mirrors each of `images` `[B, H, W, C]` left to right with `probability`, default 0.5. */
export function deviceFlip(images: Tensor, { rng, probability = 0.5 }: DeviceMoveOptions & { probability?: number }): Tensor {
  const [count] = imageShape("deviceFlip", images);
  const chosen = tensor(rng.bernoulli([count, 1, 1, 1], probability));
  return where(chosen, reversed(images, 2), images);
}

/** Moves each of `images` `[B, H, W, C]` by up to `padding` pixels, down and across; what comes from outside is 0. */
export function devicePadCrop(images: Tensor, { rng, padding }: DeviceMoveOptions & { padding: number }): Tensor {
  const [count, height, width, channels] = imageShape("devicePadCrop", images);
  // One gather of pixels: row `count · height · width` of the table is the zero outside.
  const outside = count * height * width;
  const places = new Int32Array(outside);
  for (let image = 0, at = 0; image < count; image++) {
    const down = rng.integer(0, 2 * padding + 1) - padding;
    const across = rng.integer(0, 2 * padding + 1) - padding;
    for (let y = down; y < down + height; y++) {
      for (let x = across; x < across + width; x++) {
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
