/** Convolution and its two gradients, as products with the matrix of patches; depthwise ones directly. */

import type { ConvGeometry, Epilogue, Operand, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise.ts";
import { gemm } from "./gemm.ts";
import { MatrixSink, MatrixSource } from "./gemm-matrix.ts";
import { PatchAdder, PatchColumns, PatchRows } from "./patches.ts";
import { relu } from "./relu.ts";

/** The gradient by the images is summed for at least this many output positions at once, so that the weights are packed less often. */
const positionsAtOnce = 512;

export function conv2d(
  memory: Memory,
  x: Operand<TypedArray>,
  weight: Operand<TypedArray>,
  geometry: ConvGeometry,
  epilogue: Epilogue<TypedArray>,
): Floats {
  const { batch, outHeight, outWidth, outChannels, groups } = geometry;
  const positions = batch * outHeight * outWidth;
  const out = memory.floats(positions * outChannels);
  const bias = epilogue.bias?.buffer as Floats | undefined;
  if (isDepthwise(geometry)) {
    depthwise(memory, x.buffer as Floats, weight.buffer as Floats, out, geometry, bias);
    if (epilogue.activation === "relu") relu(out, out, out.length);
    return out;
  }
  const outputs = outChannels / groups;
  for (let group = 0; group < groups; group++) {
    const patches = new PatchRows(x.buffer as Floats, geometry, group);
    const weights = new MatrixSource(weight.buffer as Floats, group * outputs, 1, outChannels);
    const sink = new MatrixSink(out, { offset: group * outputs, rowStep: outChannels, bias, biasOffset: group * outputs });
    gemm(memory, patches, weights, sink, positions, patchSize(geometry), outputs);
  }
  if (epilogue.activation === "relu") relu(out, out, out.length);
  return out;
}

export function conv2dInputGradient(memory: Memory, dy: Operand<TypedArray>, weight: Operand<TypedArray>, geometry: ConvGeometry): Floats {
  const { batch, height, width, inChannels, outHeight, outWidth, outChannels, groups } = geometry;
  const image = height * width * inChannels;
  const dx = memory.floats(batch * image);
  if (isDepthwise(geometry)) {
    depthwiseInputGradient(memory, dy.buffer as Floats, weight.buffer as Floats, dx, geometry);
    return dx;
  }
  const outputs = outChannels / groups;
  const positions = outHeight * outWidth;
  const imagesAtOnce = Math.max(1, Math.min(batch, Math.ceil(positionsAtOnce / Math.max(positions, 1))));
  const sums = memory.scratch(0, imagesAtOnce * image);
  for (let first = 0; first < batch; first += imagesAtOnce) {
    const images = Math.min(imagesAtOnce, batch - first);
    sums.fill(0, 0, images * image);
    for (let group = 0; group < groups; group++) {
      const gradients = new MatrixSource(dy.buffer as Floats, first * positions * outChannels + group * outputs, outChannels, 1);
      // Lanes are elements of the patch, so this is the transposed weight matrix.
      const weights = new MatrixSource(weight.buffer as Floats, group * outputs, outChannels, 1);
      const sink = new PatchAdder(sums, geometry, group);
      gemm(memory, gradients, weights, sink, images * positions, outputs, patchSize(geometry));
    }
    for (let i = 0, at = first * image; i < images * image; i++) dx[at++] = sums[i]!;
  }
  return dx;
}

export function conv2dFilterGradient(memory: Memory, x: Operand<TypedArray>, dy: Operand<TypedArray>, geometry: ConvGeometry): Floats {
  const { batch, outHeight, outWidth, outChannels, groups } = geometry;
  const dweight = memory.floats(patchSize(geometry) * outChannels);
  if (isDepthwise(geometry)) {
    depthwiseFilterGradient(memory, x.buffer as Floats, dy.buffer as Floats, dweight, geometry);
    return dweight;
  }
  const outputs = outChannels / groups;
  for (let group = 0; group < groups; group++) {
    const patches = new PatchColumns(x.buffer as Floats, geometry, group);
    const gradients = new MatrixSource(dy.buffer as Floats, group * outputs, 1, outChannels);
    const sink = new MatrixSink(dweight, { offset: group * outputs, rowStep: outChannels });
    gemm(memory, patches, gradients, sink, patchSize(geometry), batch * outHeight * outWidth, outputs);
  }
  return dweight;
}

/** Elements of one group's patch: rows of its weight matrix. */
function patchSize({ kernelHeight, kernelWidth, inChannels, groups }: ConvGeometry): number {
  return (kernelHeight * kernelWidth * inChannels) / groups;
}

/** One input channel a group: a product would have a depth of a single channel. */
function isDepthwise({ inChannels, groups }: ConvGeometry): boolean {
  return groups > 1 && groups === inChannels;
}
