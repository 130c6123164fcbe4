/** One image of a batch in a mirror: what every flip does. */

import type { Images } from "./image-batch.ts";

/** Mirrors image `row` left to right, in place. */
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

/** Turns image `row` upside down, in place: its rows in reverse. */
export function mirrorImageDown({ data, height, width, channels }: Images, row: number): void {
  const line = width * channels;
  for (let y = 0; y < height >> 1; y++) {
    const upper = (row * height + y) * line;
    const lower = (row * height + height - 1 - y) * line;
    const kept = data.slice(upper, upper + line);
    data.copyWithin(upper, lower, lower + line);
    data.set(kept, lower);
  }
}
