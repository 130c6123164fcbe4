/** The geometry of sliding windows: strides, dilation, padding. */

import type { WindowGeometry } from "../backend.ts";
import { OptionError, ShapeError } from "../errors.ts";
import { formatShape, type Shape } from "../shape.ts";

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number];

/** `same`: outputs as many as inputs over the stride, padding shared out with the odd one at the end; `valid`: none; numbers: both sides of both axes, or [[top, bottom], [left, right]]. */
export type WindowPadding = "same" | "valid" | number | readonly [readonly [number, number], readonly [number, number]];

export interface WindowOptions {
  /** Default 1; for pooling, the kernel size. */
  readonly stride?: Pair;
  /** Default `valid`. */
  readonly padding?: WindowPadding;
  /** Distance between the elements of a window. Default 1. */
  readonly dilation?: Pair;
}

export function pairOf(where: string, value: Pair, { name, least = 1 }: { name: string; least?: number }): readonly [number, number] {
  const pair = typeof value === "number" ? ([value, value] as const) : value;
  if (pair.length !== 2 || pair.some((item) => !Number.isInteger(item) || item < least)) {
    throw new OptionError(`${where}: expected ${name} to be a whole number ≥ ${least} or a pair of them, got ${JSON.stringify(value)}.`);
  }
  return pair;
}

/** Padding before and after one axis. */
export function axisPadding(
  where: string,
  padding: WindowPadding,
  axis: { index: 0 | 1; length: number; extent: number; stride: number },
): readonly [number, number] {
  if (padding === "valid") return [0, 0];
  if (padding === "same") {
    const outputs = Math.ceil(axis.length / axis.stride);
    const total = Math.max(0, (outputs - 1) * axis.stride + axis.extent - axis.length);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }
  const sides = typeof padding === "number" ? ([padding, padding] as const) : padding[axis.index];
  if (sides?.length !== 2 || sides.some((side) => !Number.isInteger(side) || side < 0)) {
    throw new OptionError(
      `${where}: expected padding "same", "valid", a whole number ≥ 0 or [[top, bottom], [left, right]], got ${JSON.stringify(padding)}.`,
    );
  }
  return sides;
}

/** Windows of `kernel` over images `[B, H, W, C]`. */
export function windowGeometry(
  where: string,
  image: Shape,
  options: WindowOptions & { kernel: readonly [number, number]; ceil?: boolean },
): WindowGeometry {
  if (image.length !== 4)
    throw new ShapeError(`${where}: expected images of shape [batch, height, width, channels], got ${formatShape(image)}.`);
  const [batch, height, width] = image as readonly [number, number, number, number];
  if (options.kernel[0] < 1 || options.kernel[1] < 1) {
    throw new ShapeError(`${where}: expected windows of at least one element, got ${options.kernel.join(" × ")}.`);
  }
  const stride = pairOf(where, options.stride ?? 1, { name: "stride" });
  const dilation = pairOf(where, options.dilation ?? 1, { name: "dilation" });
  const along = ([0, 1] as const).map((index) => {
    const length = image[index + 1]!;
    const extent = (options.kernel[index] - 1) * dilation[index] + 1;
    const [before, after] = axisPadding(where, options.padding ?? "valid", { index, length, extent, stride: stride[index] });
    const room = length + before + after - extent;
    if (room < 0) {
      throw new ShapeError(
        `${where}: expected windows no larger than the padded image, got ${extent} over ${length} + ${before + after} along ${index === 0 ? "height" : "width"} (input ${formatShape(image)}).`,
      );
    }
    let outputs = Math.floor(room / stride[index]) + 1;
    // A last window that hangs over counts, as long as it starts inside the image or its padding before.
    if (options.ceil && room % stride[index] !== 0 && outputs * stride[index] < length + before) outputs++;
    return { before, outputs };
  });
  return {
    batch,
    height,
    width,
    kernelHeight: options.kernel[0],
    kernelWidth: options.kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    padTop: along[0]!.before,
    padLeft: along[1]!.before,
    outHeight: along[0]!.outputs,
    outWidth: along[1]!.outputs,
  };
}
