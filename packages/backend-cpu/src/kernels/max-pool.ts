/** The largest of each window and where it lies, and the gradient that goes back there. */

import type { Operand, PoolGeometry, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { endTap, firstTap } from "./window.ts";

export function maxPool(memory: Memory, x: Operand<TypedArray>, geometry: PoolGeometry): { values: Floats; indices: Int32Array } {
  const { batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, dilationHeight, dilationWidth } = geometry;
  const data = x.buffer as Floats;
  const values = memory.floats(batch * outHeight * outWidth * channels);
  const indices = memory.ints(values.length);
  for (let b = 0, at = 0; b < batch; b++) {
    const image = b * height * width * channels;
    for (let oh = 0; oh < outHeight; oh++) {
      const top = oh * geometry.strideHeight - geometry.padTop;
      const h0 = firstTap(top, dilationHeight);
      const h1 = endTap(top, dilationHeight, height, kernelHeight);
      for (let ow = 0; ow < outWidth; ow++) {
        const left = ow * geometry.strideWidth - geometry.padLeft;
        const w0 = firstTap(left, dilationWidth);
        const w1 = endTap(left, dilationWidth, width, kernelWidth);
        const first = (top + h0 * dilationHeight) * width + left + w0 * dilationWidth;
        // A window wholly in the padding: −∞, and no gradient can be sent to its place.
        const empty = h0 >= h1 || w0 >= w1;
        for (let c = 0; c < channels; c++, at++) {
          // The first element is taken as it is: a window of −∞ points into itself.
          let best = empty ? -Infinity : data[image + first * channels + c]!;
          let place = empty ? 0 : first;
          for (let h = h0; h < h1; h++) {
            let pixel = (top + h * dilationHeight) * width + left + w0 * dilationWidth;
            for (let w = w0; w < w1; w++, pixel += dilationWidth) {
              const v = data[image + pixel * channels + c]!;
              if (!(v <= best) && !Number.isNaN(best)) {
                best = v;
                place = pixel;
              }
            }
          }
          values[at] = best;
          indices[at] = place;
        }
      }
    }
  }
  return { values, indices };
}

export function maxPoolGradient(memory: Memory, dy: Operand<TypedArray>, indices: Operand<TypedArray>, geometry: PoolGeometry): Floats {
  const { batch, height, width, channels, outHeight, outWidth } = geometry;
  const gradient = dy.buffer as Floats;
  const places = indices.buffer as Int32Array;
  const image = height * width * channels;
  const dx = memory.zeros("float32", batch * image) as Floats;
  for (let b = 0, at = 0; b < batch; b++) {
    for (let window = 0; window < outHeight * outWidth; window++) {
      for (let c = 0; c < channels; c++, at++) dx[b * image + places[at]! * channels + c]! += gradient[at]!;
    }
  }
  return dx;
}
