/** Convolutions and their gradients. TensorFlow on a CPU differentiates neither dilated nor grouped ones: those are taken apart here. */

import { type ConvGeometry, type Epilogue, sizeOf } from "@dl/core";
import type { Attribute, Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";
import { finished } from "./matmul.ts";
import { isDilated, isPadded, isSame, padded, sidesOf, windowAttributes } from "./windows.ts";

export function conv2d(
  engine: Engine,
  x: TensorOperand,
  weight: TensorOperand,
  { geometry: g, epilogue: { bias, activation } }: { geometry: ConvGeometry; epilogue: Epilogue<TensorBuffer> },
): TensorBuffer {
  const shape = [g.batch, g.outHeight, g.outWidth, g.outChannels];
  const output = engine.compose(() => {
    const sums = sizeOf(shape) === 0 ? zeros(engine, shape) : forward(engine, engine.id(x), engine.id(weight), g);
    return finished(engine, sums, { shape, bias, activation });
  });
  return engine.buffer(output, x.dtype);
}

export function conv2dInputGradient(engine: Engine, dy: TensorOperand, weight: TensorOperand, g: ConvGeometry): TensorBuffer {
  const shape = [g.batch, g.height, g.width, g.inChannels];
  const empty = sizeOf(shape) === 0 || sizeOf(dy.shape) === 0;
  const output = engine.compose(() => (empty ? zeros(engine, shape) : inputGradient(engine, engine.id(dy), engine.id(weight), g)));
  return engine.buffer(output, dy.dtype);
}

export function conv2dFilterGradient(engine: Engine, x: TensorOperand, dy: TensorOperand, g: ConvGeometry): TensorBuffer {
  const shape = [g.kernelHeight, g.kernelWidth, g.inChannels / g.groups, g.outChannels];
  const empty = sizeOf(x.shape) === 0 || sizeOf(dy.shape) === 0;
  const output = engine.compose(() => (empty ? zeros(engine, shape) : filterGradient(engine, engine.id(x), engine.id(dy), g)));
  return engine.buffer(output, x.dtype);
}

function zeros(engine: Engine, shape: readonly number[]): Output {
  return engine.run("Fill", [engine.constants.ints(shape), engine.constants.float(0)]);
}

/** TensorFlow's depthwise kernels know one stride for both directions and no dilation. */
function isDepthwise(g: ConvGeometry): boolean {
  return g.groups > 1 && g.groups === g.inChannels && g.strideHeight === g.strideWidth && !isDilated(g);
}

/** `[kh, kw, 1, in · multiplier]` as `[kh, kw, in, multiplier]`: the same elements. */
function depthwiseShape(g: ConvGeometry): number[] {
  return [g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels / g.inChannels];
}

export function forward(engine: Engine, x: number, weight: number, g: ConvGeometry): Output {
  const attributes = windowAttributes(engine, g, sidesOf(g));
  if (g.groups === 1) {
    const dilations = engine.ints("dilations", [1, g.dilationHeight, g.dilationWidth, 1]);
    return engine.run("Conv2D", [x, weight], isDilated(g) ? [...attributes, dilations] : attributes);
  }
  if (isDepthwise(g)) {
    const filter = engine.step("Reshape", [weight, engine.constants.ints(depthwiseShape(g))]);
    return engine.run("DepthwiseConv2dNative", [x, filter], attributes);
  }
  const images = parts(engine, x, g.groups);
  const weights = parts(engine, weight, g.groups);
  return joined(
    engine,
    images.map((image, i) => forward(engine, image, weights[i]!, groupOf(g))),
  );
}

export function inputGradient(engine: Engine, dy: number, weight: number, g: ConvGeometry): Output {
  const { constants } = engine;
  if (isDepthwise(g)) {
    const sizes = constants.ints([g.batch, g.height, g.width, g.inChannels]);
    const filter = engine.step("Reshape", [weight, constants.ints(depthwiseShape(g))]);
    return engine.run("DepthwiseConv2dNativeBackpropInput", [sizes, filter, dy], windowAttributes(engine, g, sidesOf(g)));
  }
  if (g.groups === 1) return plainInputGradient(engine, dy, isDilated(g) ? spread(engine, weight, g) : weight, g);
  const gradients = parts(engine, dy, g.groups);
  const weights = parts(engine, weight, g.groups);
  return joined(
    engine,
    gradients.map((gradient, i) => inputGradient(engine, gradient, weights[i]!, groupOf(g))),
  );
}

/** oneDNN's gradient knows no explicit padding: TensorFlow's own, which does, takes two to three times as long where channels are many. */
function plainInputGradient(engine: Engine, dy: number, filter: number, g: ConvGeometry): Output {
  const { constants } = engine;
  const sides = sidesOf(g);
  const gradient = (height: number, width: number, attributes: readonly Attribute[]): Output =>
    engine.run("Conv2DBackpropInput", [constants.ints([g.batch, height, width, g.inChannels]), filter, dy], attributes);
  if (g.inChannels < 8 || !isPadded(sides)) return gradient(g.height, g.width, windowAttributes(engine, g, sides));
  if (isSame(g)) return gradient(g.height, g.width, sameAttributes(engine, g));
  const { top, bottom, left, right } = sides;
  const whole = gradient(g.height + top + bottom, g.width + left + right, windowAttributes(engine, g));
  const shape = constants.ints([g.batch, g.height, g.width, g.inChannels]);
  return engine.run("Slice", [whole.id, constants.ints([0, top, left, 0]), shape]);
}

function filterGradient(engine: Engine, x: number, dy: number, g: ConvGeometry): Output {
  const { constants } = engine;
  if (isDepthwise(g)) {
    const sizes = constants.ints(depthwiseShape(g));
    const attributes = windowAttributes(engine, g, sidesOf(g));
    const gradient = engine.step("DepthwiseConv2dNativeBackpropFilter", [x, sizes, dy], attributes);
    return engine.run("Reshape", [gradient, constants.ints([g.kernelHeight, g.kernelWidth, 1, g.outChannels])]);
  }
  if (g.groups === 1) {
    const [tall, wide] = reachOf(g);
    const sizes = constants.ints([tall, wide, g.inChannels, g.outChannels]);
    // No explicit padding here either.
    const same = isSame(g);
    const image = same ? x : padded(engine, x, sidesOf(g));
    const attributes = same ? sameAttributes(engine, g) : windowAttributes(engine, g);
    if (!isDilated(g)) return engine.run("Conv2DBackpropFilter", [image, sizes, dy], attributes);
    // A dilated kernel is a large one of which only every d-th tap counts.
    const whole = engine.step("Conv2DBackpropFilter", [image, sizes, dy], attributes);
    const steps = constants.ints([g.dilationHeight, g.dilationWidth, 1, 1]);
    return engine.run("StridedSlice", [whole, constants.ints([0, 0, 0, 0]), sizes, steps]);
  }
  const images = parts(engine, x, g.groups);
  const gradients = parts(engine, dy, g.groups);
  return joined(
    engine,
    images.map((image, i) => filterGradient(engine, image, gradients[i]!, groupOf(g))),
  );
}

function sameAttributes(engine: Engine, g: ConvGeometry): Attribute[] {
  return [engine.ints("strides", [1, g.strideHeight, g.strideWidth, 1]), engine.text("padding", "SAME")];
}

/** Height and width of the kernel with its gaps. */
function reachOf(g: ConvGeometry): [number, number] {
  return [(g.kernelHeight - 1) * g.dilationHeight + 1, (g.kernelWidth - 1) * g.dilationWidth + 1];
}

/** The kernel with zeros in its gaps. */
function spread(engine: Engine, weight: number, g: ConvGeometry): number {
  const { constants } = engine;
  const [tall, wide] = reachOf(g);
  const zeros = constants.ints([0, 0, 0, 0]);
  const steps = constants.ints([g.dilationHeight, g.dilationWidth, 1, 1]);
  const sizes = constants.ints([tall, wide, g.inChannels, g.outChannels]);
  // The gradient of taking every d-th element puts elements d apart.
  const shape = constants.ints([tall, wide, g.inChannels, g.outChannels]);
  return engine.step("StridedSliceGrad", [shape, zeros, sizes, steps, weight]);
}

/** Channels (the last of four axes) in equal parts. */
function parts(engine: Engine, x: number, count: number): readonly number[] {
  const outputs = engine.runAll("Split", [engine.constants.int(3), x], { attributes: [engine.ints("num_split", count)], outputs: count });
  return outputs.map(({ id }) => id);
}

function joined(engine: Engine, outputs: readonly Output[]): Output {
  const inputs = [...outputs.map(({ id }) => id), engine.constants.int(3)];
  return engine.run("ConcatV2", inputs, [engine.type("T", "float32"), engine.ints("N", outputs.length)]);
}

function groupOf(g: ConvGeometry): ConvGeometry {
  return { ...g, inChannels: g.inChannels / g.groups, outChannels: g.outChannels / g.groups, groups: 1 };
}
