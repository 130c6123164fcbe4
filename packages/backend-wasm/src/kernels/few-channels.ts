/** Convolutions with one to three channels on a side: taps in the place of channels (assembly/few-channels.ts). */

import type { ConvGeometry } from "@dl/core";
import type { Engine } from "../engine.ts";
import { writeGeometry } from "./geometry.ts";
import { multiply } from "./matmul.ts";
import type { FilterGradientOperands, ForwardOperands, InputGradientOperands } from "./winograd.ts";

/** Channels on the other side that a product needs to pay. */
const manyChannels = 16;
/** Pixels that it needs. */
const manyPixels = 256;
/** Panels of eight columns that taps fill at most, for one channel. */
const mostTaps = 32;
/** Share of the work of the direct way that must be enough. */
const worthwhile = 0.6;
/** Nanoseconds of one thread for a tap of a pixel. */
const tapTime = 2;

const tapsOf = (g: ConvGeometry): number => g.kernelHeight * g.kernelWidth;

/** Whether products by taps, for `few` channels, are less work than panels of eight channels by taps. */
function fits(g: ConvGeometry, few: number, many: number): boolean {
  const taps = tapsOf(g);
  const isPlain = g.groups === 1 && g.dilationHeight === 1 && g.dilationWidth === 1 && taps > 1 && taps <= mostTaps;
  return isPlain && many >= manyChannels && few * Math.ceil(taps / 8) < worthwhile * taps;
}

const isDense = (g: ConvGeometry): boolean => g.strideHeight === 1 && g.strideWidth === 1 && g.batch * g.height * g.width >= manyPixels;

export const hasFewOutputs = (g: ConvGeometry): boolean => isDense(g) && fits(g, g.outChannels, g.inChannels);
export const hasFewInputs = (g: ConvGeometry): boolean =>
  g.batch * g.outHeight * g.outWidth >= manyPixels && fits(g, g.inChannels, g.outChannels);

interface Products {
  readonly pixels: number;
  /** Address of `[pixel][depth]`. */
  readonly source: number;
  readonly depth: number;
  readonly weight: number;
  /** Bytes from one number of the depth to the next, and from one tap to the next, among the weights; and from channel to channel. */
  readonly rowStep: number;
  readonly columnStep: number;
  readonly channelStep: number;
  readonly channels: number;
  readonly taps: number;
}

/** `[channel][pixel][tap]`; give it back with its bytes. */
function productsOf(engine: Engine, { pixels, source, depth, weight, channels, taps, ...steps }: Products) {
  const channelBytes = pixels * taps * 4;
  const products = engine.heap.take(channels * channelBytes, "conv2d");
  for (let channel = 0; channel < channels; channel++) {
    multiply(engine, {
      ...{ batches: 1, m: pixels, k: depth, n: taps, rights: 1, c: products + channel * channelBytes, bias: 0, mode: 0 },
      a: { address: source, rowStep: depth * 4, columnStep: 4, matrixBytes: 0, index: 0 },
      b: { address: weight + channel * steps.channelStep, rowStep: steps.rowStep, columnStep: steps.columnStep, matrixBytes: 0, index: 0 },
    });
  }
  return { products, channelBytes };
}

/** The convolution, with few channels of results. */
export function fewOutputsForward(engine: Engine, { g, x, weight, y, epilogue }: Omit<ForwardOperands, "tiling">): void {
  const taps = tapsOf(g);
  const { inChannels, outChannels } = g;
  const { products, channelBytes } = productsOf(engine, {
    ...{ pixels: g.batch * g.height * g.width, source: x, depth: inChannels, weight, channels: outChannels, taps },
    ...{ rowStep: outChannels * 4, columnStep: inChannels * outChannels * 4, channelStep: 4 },
  });
  writeGeometry(engine, g, g);
  engine.set(products, channelBytes, y, epilogue.bias?.buffer ?? 0, epilogue.activation === "relu" ? 1 : 0);
  const rows = g.batch * g.outHeight;
  engine.run("gatherOutputs", { total: rows, cost: rows * g.outWidth * outChannels * taps * tapTime });
  engine.heap.give(products, outChannels * channelBytes);
}

/** Its gradient by an input of few channels. */
export function fewInputsGradient(engine: Engine, { g, dy, weight, dx }: Omit<InputGradientOperands, "tiling">): void {
  const taps = tapsOf(g);
  const { inChannels, outChannels } = g;
  const { products, channelBytes } = productsOf(engine, {
    ...{ pixels: g.batch * g.outHeight * g.outWidth, source: dy, depth: outChannels, weight, channels: inChannels, taps },
    ...{ rowStep: 4, columnStep: inChannels * outChannels * 4, channelStep: outChannels * 4 },
  });
  writeGeometry(engine, g, g);
  engine.set(products, channelBytes, dx);
  const rows = g.batch * g.height;
  engine.run("gatherInputs", { total: rows, cost: rows * g.width * inChannels * taps * tapTime });
  engine.heap.give(products, inChannels * channelBytes);
}

/** Its gradient by weights of few channels of results: `[tap][in]` a channel, put side by side. */
export function fewOutputsFilterGradient(engine: Engine, { g, x, dy, dw }: Omit<FilterGradientOperands, "tiling">): void {
  const { heap } = engine;
  const taps = tapsOf(g);
  const { inChannels, outChannels } = g;
  const pixels = g.batch * g.height * g.width;
  const seen = heap.take(pixels * taps * 4, "conv2dFilterGradient");
  const sums = outChannels > 1 ? heap.take(taps * inChannels * 4, "conv2dFilterGradient") : dw;
  for (let channel = 0; channel < outChannels; channel++) {
    writeGeometry(engine, g, g);
    engine.set(dy, channel, seen);
    engine.run("unfoldOutputs", { total: g.batch * g.height, cost: pixels * taps * tapTime });
    multiply(engine, {
      ...{ batches: 1, m: taps, k: pixels, n: inChannels, rights: 1, c: sums, bias: 0, mode: 0 },
      a: { address: seen, rowStep: 4, columnStep: taps * 4, matrixBytes: 0, index: 0 },
      b: { address: x, rowStep: inChannels * 4, columnStep: 4, matrixBytes: 0, index: 0 },
    });
    if (outChannels === 1) continue;
    const [from, to] = [
      new Float32Array(engine.buffer, sums, taps * inChannels),
      new Float32Array(engine.buffer, dw, taps * inChannels * outChannels),
    ];
    for (let i = 0; i < from.length; i++) to[i * outChannels + channel] = from[i]!;
  }
  if (outChannels > 1) heap.give(sums, taps * inChannels * 4);
  heap.give(seen, pixels * taps * 4);
}
