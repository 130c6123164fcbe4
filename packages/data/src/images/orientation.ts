/** Turns an image upright. The eight orientations of Exif: CIPA DC-008, section 4.6.4, figure of tag 274. */

import type { Image } from "./image.ts";

/** `image` in a mirror: left and right change places, or top and bottom. */
export function flipImage(image: Image, direction: "horizontal" | "vertical"): Image {
  return orient(image, direction === "horizontal" ? 2 : 4);
}

/** `image` as it was seen, given the Exif orientation it was stored in. */
export function orient(image: Image, orientation: number): Image {
  if (orientation === 1) return image;
  const { width, height, channels, data } = image;
  const sideways = orientation >= 5;
  const outWidth = sideways ? height : width;
  const outHeight = sideways ? width : height;
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      // Where the pixel at (x, y) lies in the stored image.
      let column = sideways ? y : x;
      let row = sideways ? x : y;
      if (orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8) column = width - 1 - column;
      if (orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7) row = height - 1 - row;
      const from = (row * width + column) * channels;
      const to = (y * outWidth + x) * channels;
      for (let c = 0; c < channels; c++) turned[to + c] = data[from + c]!;
    }
  }
  return { width: outWidth, height: outHeight, channels, data: turned };
}
