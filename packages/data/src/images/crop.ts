/** Parts of an image, and an image with a border. */

import { OptionError } from "@dl/core";
import type { Image } from "./image.ts";
import type { Size } from "./resize.ts";

/** A rectangle in pixels from the upper left corner; what lies outside the image is filled. */
export interface CropOptions extends Size {
  left: number;
  top: number;
  /** The value of every channel of what lies outside, from 0 to 255. Default 0. */
  fill?: number | undefined;
}

/** The pixels of `image` within a rectangle, which may reach beyond it. */
export function cropImage(image: Image, { left, top, width, height, fill = 0 }: CropOptions): Image {
  for (const [name, value] of Object.entries({ left, top })) {
    if (!Number.isInteger(value)) throw new OptionError(`cropImage: expected a whole ${name}, got ${value}.`);
  }
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new OptionError(`cropImage: expected a whole width and height of at least 1, got ${width} × ${height}.`);
  }
  if (!(fill >= 0 && fill <= 255)) throw new OptionError(`cropImage: expected a fill from 0 to 255, got ${fill}.`);
  if (left === 0 && top === 0 && width === image.width && height === image.height) return image;
  const { channels } = image;
  const data = new Uint8Array(width * height * channels).fill(fill);
  const firstColumn = Math.max(0, left);
  const endColumn = Math.min(image.width, left + width);
  for (let y = Math.max(0, -top); y < height && top + y < image.height && endColumn > firstColumn; y++) {
    const row = (top + y) * image.width;
    data.set(
      image.data.subarray((row + firstColumn) * channels, (row + endColumn) * channels),
      (y * width + firstColumn - left) * channels,
    );
  }
  return { width, height, channels, data };
}

/** The middle of `image`, as torchvision's `center_crop`: a smaller image gets a black border. */
export function centerCrop(image: Image, { width, height }: Size): Image {
  return cropImage(image, { left: middle(image.width - width), top: middle(image.height - height), width, height });
}

/** Half of what is too much, an odd pixel to the even number (Python's `round`); half of what lacks, an odd pixel to the other side. */
function middle(excess: number): number {
  if (excess < 0) return -Math.floor(-excess / 2);
  const below = Math.floor(excess / 2);
  return excess % 2 === 0 || below % 2 === 0 ? below : below + 1;
}

/** Pixels on each side. Default 0. */
export interface PadImageOptions {
  left?: number | undefined;
  top?: number | undefined;
  right?: number | undefined;
  bottom?: number | undefined;
  /** The value of every channel of the border, from 0 to 255. Default 0. */
  fill?: number | undefined;
}

/** `image` with a border. */
export function padImage(image: Image, { left = 0, top = 0, right = 0, bottom = 0, fill = 0 }: PadImageOptions): Image {
  for (const [name, value] of Object.entries({ left, top, right, bottom })) {
    if (!Number.isInteger(value) || value < 0)
      throw new OptionError(`padImage: expected ${name} to be a whole number of at least 0, got ${value}.`);
  }
  return cropImage(image, { left: -left, top: -top, width: image.width + left + right, height: image.height + top + bottom, fill });
}

/** The largest centred part of `image` with the aspect ratio of `size`; at least one pixel. */
export function cropToAspect(image: Image, size: Size): Image {
  const width = Math.max(1, Math.min(image.width, Math.round((image.height * size.width) / size.height)));
  const height = Math.max(1, Math.min(image.height, Math.round((image.width * size.height) / size.width)));
  return cropImage(image, { left: (image.width - width) >> 1, top: (image.height - height) >> 1, width, height });
}
