/** Average pooling and its gradient. */

import { type ConvGeometry, type PoolGeometry, sizeOf } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";
import { forward, inputGradient } from "./convolution.ts";
import { isDilated, isPadded, padded, sidesOf, windowAttributes } from "./windows.ts";

export function averagePool(engine: Engine, x: TensorOperand, g: PoolGeometry, countPadding: boolean): TensorBuffer {
  const shape = [g.batch, g.outHeight, g.outWidth, g.channels];
  const output = engine.compose(() => {
    if (sizeOf(shape) === 0) return engine.run("Fill", [engine.constants.ints(shape), engine.constants.float(0)]);
    const image = engine.id(x, [g.batch, g.height, g.width, g.channels]);
    const sides = sidesOf(g);
    const means = isDilated(g)
      ? dilated(engine, image, g, (images, weight, geometry) => forward(engine, images, weight, geometry))
      : engine.run("AvgPool", [padded(engine, image, sides)], poolAttributes(engine, g));
    return countPadding || !isPadded(sides) ? means : engine.run("Mul", [means.id, windowShares(engine, g)]);
  });
  return engine.buffer(output, x.dtype);
}

export function averagePoolGradient(engine: Engine, dy: TensorOperand, g: PoolGeometry, countPadding: boolean): TensorBuffer {
  const { constants } = engine;
  const shape = [g.batch, g.height, g.width, g.channels];
  const output = engine.compose(() => {
    if (sizeOf(shape) === 0 || sizeOf(dy.shape) === 0) return engine.run("Fill", [constants.ints(shape), constants.float(0)]);
    const sides = sidesOf(g);
    const incoming = engine.id(dy, [g.batch, g.outHeight, g.outWidth, g.channels]);
    const shares = countPadding || !isPadded(sides) ? incoming : engine.step("Mul", [incoming, windowShares(engine, g)]);
    if (isDilated(g)) return dilated(engine, shares, g, (images, weight, geometry) => inputGradient(engine, images, weight, geometry));
    const whole = [g.batch, g.height + sides.top + sides.bottom, g.width + sides.left + sides.right, g.channels];
    const dx = engine.run("AvgPoolGrad", [constants.ints(whole), shares], poolAttributes(engine, g));
    return isPadded(sides) ? engine.run("Slice", [dx.id, constants.ints([0, sides.top, sides.left, 0]), constants.ints(shape)]) : dx;
  });
  return engine.buffer(output, dy.dtype);
}

function poolAttributes(engine: Engine, g: PoolGeometry): ReturnType<typeof windowAttributes> {
  return [engine.ints("ksize", [1, g.kernelHeight, g.kernelWidth, 1]), ...windowAttributes(engine, g)];
}

/** TensorFlow pools without gaps: with them it is a convolution by a constant, every channel an image of its own. */
function dilated(
  engine: Engine,
  x: number,
  g: PoolGeometry,
  convolve: (images: number, weight: number, geometry: ConvGeometry) => Output,
): Output {
  const { constants } = engine;
  const taps = g.kernelHeight * g.kernelWidth;
  const weight = engine.step("Fill", [constants.ints([g.kernelHeight, g.kernelWidth, 1, 1]), constants.float(1 / taps)]);
  const apart = engine.run("Transpose", [x, constants.ints([0, 3, 1, 2])]);
  const [, , height, width] = apart.shape as readonly [number, number, number, number];
  const images = engine.step("Reshape", [apart.id, constants.ints([g.batch * g.channels, height, width, 1])]);
  const result = convolve(images, weight, { ...g, batch: g.batch * g.channels, inChannels: 1, outChannels: 1, groups: 1 });
  const [, tall, wide] = result.shape as readonly [number, number, number, number];
  const together = engine.step("Reshape", [result.id, constants.ints([g.batch, g.channels, tall, wide])]);
  return engine.run("Transpose", [together, constants.ints([0, 2, 3, 1])]);
}

/** Taps of the window ÷ those inside the image, `[1, outHeight, outWidth, 1]`. */
function windowShares(engine: Engine, g: PoolGeometry): number {
  return engine.constants.made(`shares${JSON.stringify(g)}`, () => {
    const rows = insideCounts({
      outputs: g.outHeight,
      stride: g.strideHeight,
      before: g.padTop,
      taps: g.kernelHeight,
      dilation: g.dilationHeight,
      length: g.height,
    });
    const columns = insideCounts({
      outputs: g.outWidth,
      stride: g.strideWidth,
      before: g.padLeft,
      taps: g.kernelWidth,
      dilation: g.dilationWidth,
      length: g.width,
    });
    const taps = g.kernelHeight * g.kernelWidth;
    const shares = Float32Array.from(rows.flatMap((row) => columns.map((column) => taps / (row * column))));
    return engine.addon.createTensor([1, g.outHeight, g.outWidth, 1], engine.addon.TF_FLOAT, shares);
  });
}

interface AxisWindows {
  readonly outputs: number;
  readonly stride: number;
  readonly before: number;
  readonly taps: number;
  readonly dilation: number;
  readonly length: number;
}

/** How many taps of each window along an axis lie inside. */
function insideCounts({ outputs, stride, before, taps, dilation, length }: AxisWindows): number[] {
  return Array.from({ length: outputs }, (_, i) => {
    const places = Array.from({ length: taps }, (_, tap) => i * stride - before + tap * dilation);
    return places.filter((place) => place >= 0 && place < length).length;
  });
}
