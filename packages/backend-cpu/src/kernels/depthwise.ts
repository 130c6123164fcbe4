/** Convolutions with one input channel a group, tap by tap over whole rows of channels. Each input channel has `multiplier` outputs. */

import type { ConvGeometry } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { endTap, firstTap } from "./window.ts";

export function depthwise(memory: Memory, x: Floats, weight: Floats, out: Floats, geometry: ConvGeometry, bias: Floats | undefined): void {
  const { batch, height, width, inChannels, outChannels, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const { dilationHeight, dilationWidth } = geometry;
  const multiplier = outChannels / inChannels;
  const sums = memory.scratch(0, outChannels);
  for (let b = 0, at = 0; b < batch; b++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * geometry.strideHeight - geometry.padTop;
      const h0 = firstTap(top, dilationHeight);
      const h1 = endTap(top, dilationHeight, height, kernelHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * geometry.strideWidth - geometry.padLeft;
        const w0 = firstTap(left, dilationWidth);
        const w1 = endTap(left, dilationWidth, width, kernelWidth);
        for (let c = 0; c < outChannels; c++) sums[c] = bias === undefined ? 0 : bias[c]!;
        for (let h = h0; h < h1; h++) {
          for (let w = w0; w < w1; w++) {
            const from = ((b * height + top + h * dilationHeight) * width + left + w * dilationWidth) * inChannels;
            const tap = (h * kernelWidth + w) * outChannels;
            if (multiplier === 1) for (let c = 0; c < inChannels; c++) sums[c]! += x[from + c]! * weight[tap + c]!;
            else {
              for (let c = 0, o = 0; c < inChannels; c++) {
                const v = x[from + c]!;
                for (let j = 0; j < multiplier; j++, o++) sums[o]! += v * weight[tap + o]!;
              }
            }
          }
        }
        for (let c = 0; c < outChannels; c++) out[at++] = sums[c]!;
      }
    }
  }
}

export function depthwiseInputGradient(memory: Memory, dy: Floats, weight: Floats, dx: Floats, geometry: ConvGeometry): void {
  const { batch, height, width, inChannels, outChannels, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const { dilationHeight, dilationWidth } = geometry;
  const multiplier = outChannels / inChannels;
  const image = height * width * inChannels;
  const sums = memory.scratch(0, image);
  for (let b = 0, at = 0; b < batch; b++) {
    sums.fill(0, 0, image);
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * geometry.strideHeight - geometry.padTop;
      const h0 = firstTap(top, dilationHeight);
      const h1 = endTap(top, dilationHeight, height, kernelHeight);
      for (let ow = 0; ow < outWidth; ow++, at += outChannels) {
        const left = ow * geometry.strideWidth - geometry.padLeft;
        const w0 = firstTap(left, dilationWidth);
        const w1 = endTap(left, dilationWidth, width, kernelWidth);
        for (let h = h0; h < h1; h++) {
          for (let w = w0; w < w1; w++) {
            const to = ((top + h * dilationHeight) * width + left + w * dilationWidth) * inChannels;
            const tap = (h * kernelWidth + w) * outChannels;
            for (let c = 0, o = 0; c < inChannels; c++) {
              let sum = 0;
              for (let j = 0; j < multiplier; j++, o++) sum += dy[at + o]! * weight[tap + o]!;
              sums[to + c]! += sum;
            }
          }
        }
      }
    }
    for (let i = 0; i < image; i++) dx[b * image + i] = sums[i]!;
  }
}

export function depthwiseFilterGradient(memory: Memory, x: Floats, dy: Floats, dweight: Floats, geometry: ConvGeometry): void {
  const { batch, height, width, inChannels, outChannels, outHeight, outWidth, kernelHeight, kernelWidth } = geometry;
  const { dilationHeight, dilationWidth } = geometry;
  const multiplier = outChannels / inChannels;
  const sums = memory.scratch(0, dweight.length);
  sums.fill(0, 0, dweight.length);
  for (let b = 0, at = 0; b < batch; b++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * geometry.strideHeight - geometry.padTop;
      const h0 = firstTap(top, dilationHeight);
      const h1 = endTap(top, dilationHeight, height, kernelHeight);
      for (let ow = 0; ow < outWidth; ow++, at += outChannels) {
        const left = ow * geometry.strideWidth - geometry.padLeft;
        const w0 = firstTap(left, dilationWidth);
        const w1 = endTap(left, dilationWidth, width, kernelWidth);
        for (let h = h0; h < h1; h++) {
          for (let w = w0; w < w1; w++) {
            const from = ((b * height + top + h * dilationHeight) * width + left + w * dilationWidth) * inChannels;
            const tap = (h * kernelWidth + w) * outChannels;
            for (let c = 0, o = 0; c < inChannels; c++) {
              const v = x[from + c]!;
              for (let j = 0; j < multiplier; j++, o++) sums[tap + o]! += v * dy[at + o]!;
            }
          }
        }
      }
    }
  }
  for (let i = 0; i < dweight.length; i++) dweight[i] = sums[i]!;
}
