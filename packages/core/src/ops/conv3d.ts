/** Convolution over volumes `[B, D, H, W, C]`, as a sum of image convolutions, one per depth of the kernel. */

import { OptionError, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { requireFloat } from "./apply.ts";
import { add } from "./arithmetic.ts";
import { conv2d } from "./conv2d.ts";
import { pad } from "./pad.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

/** One number for all three axes, or [depth, height, width]. */
export type Triple = number | readonly [number, number, number];

export interface Conv3dOptions {
  /** Default 1. */
  readonly stride?: Triple;
  /** Zeros on both sides of depth, height and width. Default 0. */
  readonly padding?: Triple;
  /** Distance between the elements of a window. Default 1. */
  readonly dilation?: Triple;
  /** Channels in as many separate groups. Default 1. */
  readonly groups?: number;
  /** `[out]`. */
  readonly bias?: Tensor | undefined;
}

/** `x [B, D, H, W, in]`, `weight [kd, kh, kw, in / groups, out]` → `[B, D', H', W', out]`. */
export function conv3d(x: Tensor, weight: Tensor, { stride = 1, padding = 0, dilation = 1, groups = 1, bias }: Conv3dOptions = {}): Tensor {
  requireFloat("conv3d", x, weight);
  if (x.rank !== 5 || weight.rank !== 5) {
    throw new ShapeError(
      `conv3d: expected x [B, D, H, W, in] and weight [kd, kh, kw, in / groups, out], got ${formatShape(x.shape)} and ${formatShape(weight.shape)}.`,
    );
  }
  const [deep, tall, wide] = tripleOf("padding", padding, { least: 0 });
  const [depthStride, ...strides] = tripleOf("stride", stride, { least: 1 });
  const [depthDilation, ...dilations] = tripleOf("dilation", dilation, { least: 1 });
  const padded = pad(x, [
    [0, 0],
    [deep, deep],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  const [batch, depth, height, width, channels] = padded.shape as readonly [number, number, number, number, number];
  const kernelDepth = weight.shape[0]!;
  const extent = (kernelDepth - 1) * depthDilation + 1;
  const outDepth = Math.floor((depth - extent) / depthStride) + 1;
  if (outDepth < 1) throw new OptionError(`conv3d: expected a kernel no deeper than the padded volume (${depth}), got ${extent}.`);
  const layers = Array.from({ length: kernelDepth }, (_, layer) => {
    const slab = slice(padded, [0, layer * depthDilation, 0, 0, 0], {
      sizes: [batch, outDepth, height, width, channels],
      steps: [1, depthStride, 1, 1, 1],
    });
    const kernel = reshape(slice(weight, [layer, 0, 0, 0, 0], { sizes: [1, ...weight.shape.slice(1)] }), weight.shape.slice(1));
    return conv2d(reshape(slab, [batch * outDepth, height, width, channels]), kernel, {
      stride: strides,
      padding: [
        [tall, tall],
        [wide, wide],
      ],
      dilation: dilations,
      groups,
      bias: layer === 0 ? bias : undefined,
    });
  });
  const total = layers.reduce((sum, layer) => add(sum, layer));
  return reshape(total, [batch, outDepth, ...total.shape.slice(1)]);
}

function tripleOf(name: string, value: Triple, { least }: { least: number }): readonly [number, number, number] {
  const triple = typeof value === "number" ? ([value, value, value] as const) : value;
  if (!Array.isArray(triple) || triple.length !== 3 || triple.some((item) => !Number.isInteger(item) || item < least)) {
    throw new OptionError(
      `conv3d: expected ${name} to be a whole number ≥ ${least} or [depth, height, width] of them, got ${JSON.stringify(value)}.`,
    );
  }
  return triple;
}
