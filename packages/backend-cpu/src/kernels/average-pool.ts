/** The mean of each window, and its gradient: each output's share to every element it averaged. */

import type { Operand, PoolGeometry, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { endTap, firstTap } from "./window.ts";

export function averagePool(memory: Memory, x: Operand<TypedArray>, geometry: PoolGeometry, countPadding: boolean): Floats {
  const { batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, dilationHeight, dilationWidth } = geometry;
  const data = x.buffer as Floats;
  const out = memory.floats(batch * outHeight * outWidth * channels);
  const sums = memory.scratch(0, channels);
  for (let b = 0, at = 0; b < batch; b++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * geometry.strideHeight - geometry.padTop;
      const h0 = firstTap(top, dilationHeight);
      const h1 = endTap(top, dilationHeight, height, kernelHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * geometry.strideWidth - geometry.padLeft;
        const w0 = firstTap(left, dilationWidth);
        const w1 = endTap(left, dilationWidth, width, kernelWidth);
        for (let c = 0; c < channels; c++) sums[c] = 0;
        for (let h = h0; h < h1; h++) {
          for (let w = w0; w < w1; w++) {
            const from = ((b * height + top + h * dilationHeight) * width + left + w * dilationWidth) * channels;
            for (let c = 0; c < channels; c++) sums[c]! += data[from + c]!;
          }
        }
        const divisor = divisorOf(geometry, countPadding, h0, h1, w0, w1);
        for (let c = 0; c < channels; c++) out[at++] = sums[c]! / divisor;
      }
    }
  }
  return out;
}

export function averagePoolGradient(memory: Memory, dy: Operand<TypedArray>, geometry: PoolGeometry, countPadding: boolean): Floats {
  const { batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, dilationHeight, dilationWidth } = geometry;
  const gradient = dy.buffer as Floats;
  const dx = memory.zeros("float32", batch * height * width * channels) as Floats;
  for (let b = 0, at = 0; b < batch; b++) {
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * geometry.strideHeight - geometry.padTop;
      const h0 = firstTap(top, dilationHeight);
      const h1 = endTap(top, dilationHeight, height, kernelHeight);
      for (let ow = 0; ow < outWidth; ow++, at += channels) {
        const left = ow * geometry.strideWidth - geometry.padLeft;
        const w0 = firstTap(left, dilationWidth);
        const w1 = endTap(left, dilationWidth, width, kernelWidth);
        const divisor = divisorOf(geometry, countPadding, h0, h1, w0, w1);
        for (let h = h0; h < h1; h++) {
          for (let w = w0; w < w1; w++) {
            const to = ((b * height + top + h * dilationHeight) * width + left + w * dilationWidth) * channels;
            for (let c = 0; c < channels; c++) dx[to + c]! += gradient[at + c]! / divisor;
          }
        }
      }
    }
  }
  return dx;
}

function divisorOf(geometry: PoolGeometry, countPadding: boolean, h0: number, h1: number, w0: number, w1: number): number {
  if (countPadding) return geometry.kernelHeight * geometry.kernelWidth;
  // A window wholly in the padding has the mean 0.
  return Math.max(1, Math.max(0, h1 - h0) * Math.max(0, w1 - w0));
}
