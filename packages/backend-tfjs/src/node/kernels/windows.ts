/** Sliding windows as TensorFlow's operations take them. */

import type { WindowGeometry } from "@dl/core";
import type { Attribute } from "../addon.ts";
import type { Engine } from "../engine.ts";

/** Padding on each side that makes every window whole. */
export interface Sides {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export function sidesOf(g: WindowGeometry): Sides {
  const reach = (outputs: number, stride: number, kernel: number, dilation: number): number =>
    (outputs - 1) * stride + dilation * (kernel - 1) + 1;
  const tall = reach(g.outHeight, g.strideHeight, g.kernelHeight, g.dilationHeight);
  const wide = reach(g.outWidth, g.strideWidth, g.kernelWidth, g.dilationWidth);
  return {
    top: g.padTop,
    bottom: Math.max(0, tall - g.height - g.padTop),
    left: g.padLeft,
    right: Math.max(0, wide - g.width - g.padLeft),
  };
}

export function isPadded({ top, bottom, left, right }: Sides): boolean {
  return top + bottom + left + right > 0;
}

export function isDilated({ dilationHeight, dilationWidth, kernelHeight, kernelWidth }: WindowGeometry): boolean {
  return (dilationHeight > 1 && kernelHeight > 1) || (dilationWidth > 1 && kernelWidth > 1);
}

/** Pads rows and columns of `[batch, height, width, channels]`. */
export function padded(engine: Engine, x: number, sides: Sides, value = 0): number {
  if (!isPadded(sides)) return x;
  const { top, bottom, left, right } = sides;
  const paddings = [0, 0, top, bottom, left, right, 0, 0];
  const table = engine.constants.made(`p${paddings}`, () =>
    engine.addon.createTensor([4, 2], engine.addon.TF_INT32, Int32Array.from(paddings)),
  );
  return engine.step("PadV2", [x, table, engine.constants.float(value)]);
}

/** Whether TensorFlow's "SAME" pads as these windows want it. */
export function isSame(g: WindowGeometry): boolean {
  const { top, bottom, left, right } = sidesOf(g);
  return (
    g.outHeight === Math.ceil(g.height / g.strideHeight) &&
    g.outWidth === Math.ceil(g.width / g.strideWidth) &&
    top === (top + bottom) >> 1 &&
    left === (left + right) >> 1
  );
}

/** `strides` and `padding`, and what they need; without `sides` for images that are padded already. */
export function windowAttributes(engine: Engine, g: WindowGeometry, sides?: Sides): Attribute[] {
  const strides = engine.ints("strides", [1, g.strideHeight, g.strideWidth, 1]);
  if (!sides || !isPadded(sides)) return [strides, engine.text("padding", "VALID")];
  const { top, bottom, left, right } = sides;
  return [strides, engine.text("padding", "EXPLICIT"), engine.ints("explicit_paddings", [0, 0, top, bottom, left, right, 0, 0])];
}
