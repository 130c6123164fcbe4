/** Convolution and its gradients: packs weights, sizes bands and scratch, and hands rows of windows to the module. */

import type { ConvGeometry, Epilogue, Kernels, Operand } from "@dl/core";
import type { Engine } from "../engine.ts";
import { aligned } from "../heap.ts";
import { fewInputsGradient, fewOutputsFilterGradient, fewOutputsForward, hasFewInputs, hasFewOutputs } from "./few-channels.ts";
import { coveredHeight, coveredWidth, reachesOutside, writeGeometry } from "./geometry.ts";
import { biasMode, reluMode } from "./matmul.ts";
import { tilingForImage, tilingForResult, winogradFilterGradient, winogradForward, winogradInputGradient } from "./winograd.ts";

type ConvolutionKernels = Pick<Kernels<number>, "conv2d" | "conv2dInputGradient" | "conv2dFilterGradient">;

/** Input rows of one band stay below this: half of a second-level cache. */
const bandBytes = 256 * 1024;
/** Windows the filter gradient sums over at once: a panel of that many gradients is 32 KiB. */
const windowsAtOnce = 1024;
/** Multiply-adds a nanosecond on one thread: of the micro-kernel, and of the depthwise loops. */
const speed = 12;
const depthwiseSpeed = 2;

const isDepthwise = (g: ConvGeometry): boolean => g.groups === g.inChannels && g.outChannels === g.inChannels && g.groups > 1;

function multiplyAdds(g: ConvGeometry): number {
  return g.batch * g.outHeight * g.outWidth * g.kernelHeight * g.kernelWidth * (g.inChannels / g.groups) * g.outChannels;
}

/** Rows of windows whose input stays within `bandBytes`, at least one. */
function bandRows(g: ConvGeometry): number {
  const pitch = (reachesOutside(g) ? coveredWidth(g) : g.width) * g.inChannels * 4;
  const rows = Math.floor((bandBytes / pitch - (g.kernelHeight - 1) * g.dilationHeight - 1) / g.strideHeight) + 1;
  return Math.max(1, Math.min(g.outHeight, rows));
}

/** Bytes of the padded copy of a band. */
function paddedBytes(g: ConvGeometry, rows: number): number {
  return reachesOutside(g) ? aligned(coveredHeight(g, rows) * coveredWidth(g) * g.inChannels * 4) : 0;
}

interface Convolution {
  readonly x: number;
  /** Weights as `convolutionPack` leaves them. */
  readonly packed: number;
  readonly y: number;
  readonly bias: number;
  readonly mode: number;
}

/** Convolves with packed weights. */
function convolve(engine: Engine, g: ConvGeometry, { x, packed, y, bias, mode }: Convolution): void {
  const { heap, threads } = engine;
  const band = bandRows(g);
  const scratchBytes = paddedBytes(g, band);
  const scratch = scratchBytes ? heap.take(scratchBytes * threads, "conv2d") : 0;
  writeGeometry(engine, g, g);
  engine.set(x, packed, y, bias, mode, band, scratch, scratchBytes);
  // Whole images where there are enough of them; else single rows.
  const grain = g.batch >= threads * 4 ? g.outHeight : 1;
  engine.run("convolution", { total: g.batch * g.outHeight, cost: multiplyAdds(g) / speed, grain });
  if (scratchBytes) heap.give(scratch, scratchBytes * threads);
}

function forward(
  engine: Engine,
  x: Operand<number>,
  weight: Operand<number>,
  { g, epilogue }: { g: ConvGeometry; epilogue: Epilogue<number> },
): number {
  const { heap } = engine;
  const y = heap.allocate(g.batch * g.outHeight * g.outWidth * g.outChannels * 4, "conv2d");
  const rows = g.batch * g.outHeight;
  if (rows * g.outWidth * g.outChannels === 0) return y;
  const bias = epilogue.bias?.buffer ?? 0;
  const relu = epilogue.activation === "relu";
  writeGeometry(engine, g, g);
  if (isDepthwise(g)) {
    engine.set(x.buffer, weight.buffer, y, bias, relu ? 1 : 0);
    engine.run("depthwise", { total: rows, cost: multiplyAdds(g) / depthwiseSpeed });
    return y;
  }
  const tiling = tilingForResult(g);
  if (tiling) {
    winogradForward(engine, { g, tiling, x: x.buffer, weight: weight.buffer, y, epilogue });
    return y;
  }
  if (hasFewOutputs(g)) {
    fewOutputsForward(engine, { g, x: x.buffer, weight: weight.buffer, y, epilogue });
    return y;
  }
  const panels = g.groups * Math.ceil(g.outChannels / g.groups / 8);
  const steps = g.kernelHeight * g.kernelWidth * (g.inChannels / g.groups);
  const packedBytes = panels * steps * 32;
  const packed = heap.take(packedBytes, "conv2d");
  engine.set(weight.buffer, packed);
  engine.run("convolutionPack", { total: panels, cost: steps * g.outChannels * 0.3 });
  convolve(engine, g, { x: x.buffer, packed, y, bias, mode: (bias ? biasMode : 0) | (relu ? reluMode : 0) });
  heap.give(packed, packedBytes);
  return y;
}

/** Pixels of the image a window of the result may have, at most, for `asConvolution` to pay. */
const fewMorePixels = 1.2;

/**
 * The convolution over dy, with turned weights, that gives the gradient by the input: all taps in one sum, where the general way reads and
 * writes the image once a tap. For stride 1, and results about as large as the image ("same" padding); else undefined.
 */
function asConvolution(g: ConvGeometry): ConvGeometry | undefined {
  const padTop = (g.kernelHeight - 1) * g.dilationHeight - g.padTop;
  const padLeft = (g.kernelWidth - 1) * g.dilationWidth - g.padLeft;
  const small = g.height * g.width <= fewMorePixels * g.outHeight * g.outWidth;
  if (g.strideHeight !== 1 || g.strideWidth !== 1 || !small || padTop < 0 || padLeft < 0) return undefined;
  return {
    ...g,
    ...{ height: g.outHeight, width: g.outWidth, outHeight: g.height, outWidth: g.width },
    ...{ inChannels: g.outChannels, outChannels: g.inChannels, padTop, padLeft },
  };
}

function inputGradient(engine: Engine, dy: Operand<number>, weight: Operand<number>, g: ConvGeometry): number {
  const { heap } = engine;
  const dx = heap.allocate(g.batch * g.height * g.width * g.inChannels * 4, "conv2dInputGradient");
  if (g.batch * g.height * g.width * g.inChannels === 0) return dx;
  writeGeometry(engine, g, g);
  if (isDepthwise(g)) {
    engine.set(dy.buffer, weight.buffer, dx);
    engine.run("depthwiseInputGradient", { total: g.batch, cost: multiplyAdds(g) / depthwiseSpeed });
    return dx;
  }
  const tiling = tilingForImage(g);
  if (tiling) {
    winogradInputGradient(engine, { g, tiling, dy: dy.buffer, weight: weight.buffer, dx });
    return dx;
  }
  if (hasFewInputs(g)) {
    fewInputsGradient(engine, { g, dy: dy.buffer, weight: weight.buffer, dx });
    return dx;
  }
  const panels = g.groups * Math.ceil(g.inChannels / g.groups / 8);
  const items = panels * g.kernelHeight * g.kernelWidth;
  const packedBytes = items * (g.outChannels / g.groups) * 32;
  const packed = heap.take(packedBytes, "conv2dInputGradient");
  const turned = asConvolution(g);
  engine.set(weight.buffer, packed, turned ? 1 : 0);
  engine.run("inputGradientPack", { total: items, cost: packedBytes * 0.1 });
  if (turned) convolve(engine, turned, { x: dy.buffer, packed, y: dx, bias: 0, mode: 0 });
  else {
    engine.set(dy.buffer, packed, dx);
    engine.run("inputGradient", { total: g.batch * panels, cost: multiplyAdds(g) / speed });
  }
  heap.give(packed, packedBytes);
  return dx;
}

function filterGradient(engine: Engine, x: Operand<number>, dy: Operand<number>, g: ConvGeometry): number {
  const { heap, threads } = engine;
  const taps = g.kernelHeight * g.kernelWidth;
  const length = taps * (g.inChannels / g.groups) * g.outChannels;
  const dw = heap.allocate(length * 4, "conv2dFilterGradient");
  if (length === 0) return dw;
  writeGeometry(engine, g, g);
  if (isDepthwise(g)) {
    engine.set(x.buffer, dy.buffer, dw);
    engine.run("depthwiseFilterGradient", { total: taps, cost: multiplyAdds(g) / depthwiseSpeed });
    return dw;
  }
  const tiling = tilingForResult(g);
  if (tiling) {
    winogradFilterGradient(engine, { g, tiling, x: x.buffer, dy: dy.buffer, dw });
    return dw;
  }
  if (hasFewOutputs(g)) {
    fewOutputsFilterGradient(engine, { g, x: x.buffer, dy: dy.buffer, dw });
    return dw;
  }
  const cost = multiplyAdds(g) / speed;
  const band = bandRows(g);
  const imageBytes = Math.max(4, g.height * g.width * g.inChannels * 4);
  const together = Math.min(g.batch, windowsAtOnce / Math.max(1, g.outHeight * g.outWidth), bandBytes / imageBytes);
  const images = band < g.outHeight ? 1 : Math.max(1, Math.floor(together));
  const padded = paddedBytes(g, band) * images;
  const scratchBytes = padded + images * band * g.outWidth * 32;
  const scratch = heap.take(scratchBytes * threads, "conv2dFilterGradient");
  // As many parts as threads: each has its own sum, and the order of additions does not depend on who is faster.
  const parts = Math.max(1, Math.min(threads, g.batch));
  const partBytes = aligned(length * 4);
  const partial = parts > 1 ? heap.take(length * 4 * parts, "conv2dFilterGradient") : dw;
  engine.set(x.buffer, dy.buffer, partial, parts, images, band, scratch, scratchBytes, padded);
  engine.run("filterGradient", { total: parts, cost });
  if (parts > 1) {
    engine.set(partial, length * 4, parts, dw);
    engine.run("sumParts", { total: partBytes / 64, cost: length * 0.3 * parts });
    heap.give(partial, length * 4 * parts);
  }
  heap.give(scratch, scratchBytes * threads);
  return dw;
}

export function convolutionKernels(engine: Engine): ConvolutionKernels {
  return {
    conv2d: (x, weight, geometry, epilogue) => forward(engine, x, weight, { g: geometry, epilogue }),
    conv2dInputGradient: (dy, weight, geometry) => inputGradient(engine, dy, weight, geometry),
    conv2dFilterGradient: (x, dy, geometry) => filterGradient(engine, x, dy, geometry),
  };
}
