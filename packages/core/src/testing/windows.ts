/** Geometries of sliding windows for the contract, from the few numbers that tell them apart. */

import type { ConvGeometry, PoolGeometry } from "../backend.ts";
import type { Rng } from "../rng.ts";

type Pair = readonly [number, number];

/** Height and width pairs; `pad` is top, bottom, left, right. */
export interface Window {
  readonly batch?: number;
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly dilation?: Pair;
  readonly pad?: readonly [number, number, number, number];
}

export function poolGeometry(
  { batch = 2, size, kernel, stride = [1, 1], dilation = [1, 1], pad = [0, 0, 0, 0] }: Window,
  channels: number,
): PoolGeometry {
  const extent = (axis: 0 | 1): number =>
    Math.floor((size[axis] + pad[2 * axis]! + pad[2 * axis + 1]! - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
  return {
    batch,
    height: size[0],
    width: size[1],
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    padTop: pad[0],
    padLeft: pad[2],
    outHeight: extent(0),
    outWidth: extent(1),
    channels,
  };
}

export function convGeometry(window: Window, inChannels: number, outChannels: number, groups = 1): ConvGeometry {
  const { channels: _, ...geometry } = poolGeometry(window, inChannels);
  return { ...geometry, inChannels, outChannels, groups };
}

/** A window that fits its padded image. */
export function randomWindow(rng: Rng): Window {
  const pair = (low: number, high: number): Pair => [rng.integer(low, high), rng.integer(low, high)];
  const kernel = pair(1, 4);
  const dilation = pair(1, 3);
  const reach: Pair = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
  return {
    batch: rng.integer(1, 4),
    size: [rng.integer(reach[0], reach[0] + 8), rng.integer(reach[1], reach[1] + 8)],
    kernel,
    stride: pair(1, 4),
    dilation,
    // Padding narrower than the kernel: no window lies in padding alone.
    pad: [rng.integer(0, kernel[0]), rng.integer(0, kernel[0]), rng.integer(0, kernel[1]), rng.integer(0, kernel[1])],
  };
}
