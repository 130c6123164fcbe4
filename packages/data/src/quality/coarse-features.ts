/** What a small model sees of an example. */

import type { HostTensor } from "@dl/core";

/** Images `[H, W, C]` averaged over blocks to at most 8 × 8, anything else as it is. */
export function coarseFeatures({ shape, data }: HostTensor): Float32Array {
  if (shape.length !== 3 || (shape[0]! <= 8 && shape[1]! <= 8)) return Float32Array.from(data);
  const [height, width, channels] = shape as [number, number, number];
  const [rows, columns] = [Math.min(8, height), Math.min(8, width)];
  const sums = new Float32Array(rows * columns * channels);
  const counts = new Float32Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      counts[cell]!++;
      for (let c = 0; c < channels; c++) sums[cell * channels + c]! += data[(y * width + x) * channels + c]!;
    }
  }
  for (let i = 0; i < sums.length; i++) sums[i]! /= counts[Math.floor(i / channels)]!;
  return sums;
}
