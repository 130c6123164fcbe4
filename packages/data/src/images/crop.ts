/** The middle of an image. */

import type { Image } from "./image.ts";
import type { Size } from "./resize.ts";

/** The largest centred part of `image` with the aspect ratio of `size`; at least one pixel. */
export function cropToAspect(image: Image, size: Size): Image {
  const { channels, data } = image;
  const width = Math.max(1, Math.min(image.width, Math.round((image.height * size.width) / size.height)));
  const height = Math.max(1, Math.min(image.height, Math.round((image.width * size.height) / size.width)));
  if (width === image.width && height === image.height) return image;
  const left = (image.width - width) >> 1;
  const top = (image.height - height) >> 1;
  const cropped = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    cropped.set(data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data: cropped };
}
