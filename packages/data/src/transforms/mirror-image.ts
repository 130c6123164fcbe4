/** One image of a batch, left to right: what every flip does. */

import type { Images } from "./image-batch.ts";

/** Mirrors image `row`, in place. */
export function mirrorImage({ data, height, width, channels }: Images, row: number): void {
  for (let y = 0; y < height; y++) {
    let left = (row * height + y) * width * channels;
    for (let right = left + (width - 1) * channels; left < right; left += channels, right -= channels) {
      for (let c = 0; c < channels; c++) {
        const swap = data[left + c]!;
        data[left + c] = data[right + c]!;
        data[right + c] = swap;
      }
    }
  }
}
