/** Depthwise convolution, one output channel an input channel, and its gradients; vectors run over channels. */

import { int, pointer } from "./control";
import { madd, storeSome } from "./vectors";
import * as window from "./windows";

@inline function put(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeSome(p, v, left);
}

/** An item is a row of windows of one image. Arguments: 0 x, 1 weight, 2 y, 3 bias or 0, 4 relu. */
export function depthwise(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, dilationHeight = window.dilationHeight(), dilationWidth = window.dilationWidth(), zero = f32x4.splat(0);
  for (let row = begin; row < end; row++) {
    const image = pointer(0) + <usize>(row / outHeight) * <usize>height * <usize>width * pixel;
    const y0 = (row % outHeight) * window.strideHeight() - window.padTop();
    const kh0 = window.firstWindow(y0, dilationHeight), kh1 = window.endWindow(y0, dilationHeight, height, window.kernelHeight());
    for (let q = 0; q < outWidth; q++) {
      const x0 = q * window.strideWidth() - window.padLeft();
      const kw0 = window.firstWindow(x0, dilationWidth), kw1 = window.endWindow(x0, dilationWidth, width, window.kernelWidth());
      const to = pointer(2) + (<usize>row * <usize>outWidth + <usize>q) * pixel;
      for (let c = 0; c < channels; c += 4) {
        const at = <usize>c << 2;
        let sum = pointer(3) ? v128.load(pointer(3) + at) : zero;
        for (let kh = kh0; kh < kh1; kh++) for (let kw = kw0; kw < kw1; kw++) {
          const v = v128.load(image + <usize>((y0 + kh * dilationHeight) * width + x0 + kw * dilationWidth) * pixel + at);
          sum = madd(v, v128.load(pointer(1) + <usize>(kh * window.kernelWidth() + kw) * pixel + at), sum);
        }
        if (int(4)) sum = f32x4.pmax(sum, zero);
        put(to + at, sum, channels - c);
      }
    }
  }
}

/** An item is one image; dx is zeroed first. Arguments: 0 dy, 1 weight, 2 dx. */
export function depthwiseInputGradient(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, dilationHeight = window.dilationHeight(), dilationWidth = window.dilationWidth();
  for (let image = begin; image < end; image++) {
    const dx = pointer(2) + <usize>image * <usize>height * <usize>width * pixel;
    memory.fill(dx, 0, <usize>height * <usize>width * pixel);
    for (let r = 0; r < outHeight; r++) {
      const y0 = r * window.strideHeight() - window.padTop();
      const kh0 = window.firstWindow(y0, dilationHeight), kh1 = window.endWindow(y0, dilationHeight, height, window.kernelHeight());
      for (let q = 0; q < outWidth; q++) {
        const x0 = q * window.strideWidth() - window.padLeft();
        const kw0 = window.firstWindow(x0, dilationWidth), kw1 = window.endWindow(x0, dilationWidth, width, window.kernelWidth());
        const dy = pointer(0) + ((<usize>image * <usize>outHeight + <usize>r) * <usize>outWidth + <usize>q) * pixel;
        for (let kh = kh0; kh < kh1; kh++) for (let kw = kw0; kw < kw1; kw++) {
          const to = dx + <usize>((y0 + kh * dilationHeight) * width + x0 + kw * dilationWidth) * pixel;
          const w = pointer(1) + <usize>(kh * window.kernelWidth() + kw) * pixel;
          for (let c = 0; c < channels; c += 4) {
            const at = <usize>c << 2;
            put(to + at, madd(v128.load(dy + at), v128.load(w + at), v128.load(to + at)), channels - c);
          }
        }
      }
    }
  }
}

/** An item is a tap. Arguments: 0 x, 1 dy, 2 dw. */
export function depthwiseFilterGradient(begin: i32, end: i32, thread: i32): void {
  const batch = window.batch(), height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, strideHeight = window.strideHeight(), strideWidth = window.strideWidth();
  for (let tap = begin; tap < end; tap++) {
    const y = tap / window.kernelWidth() * window.dilationHeight() - window.padTop(), x = tap % window.kernelWidth() * window.dilationWidth() - window.padLeft();
    const r0 = window.firstWindow(y, strideHeight), r1 = window.endWindow(y, strideHeight, height, outHeight);
    const q0 = window.firstWindow(x, strideWidth), q1 = window.endWindow(x, strideWidth, width, outWidth);
    for (let c = 0; c < channels; c += 4) {
      const at = <usize>c << 2;
      let sum = f32x4.splat(0);
      for (let image = 0; image < batch; image++) for (let r = r0; r < r1; r++) {
        // A sum a row first: the rounding errors of long sums stay small.
        let rowSum = f32x4.splat(0);
        const from = pointer(0) + (<usize>image * <usize>height + <usize>(r * strideHeight + y)) * <usize>width * pixel + at;
        const dy = pointer(1) + (<usize>image * <usize>outHeight + <usize>r) * <usize>outWidth * pixel + at;
        for (let q = q0; q < q1; q++) rowSum = madd(v128.load(from + <usize>(q * strideWidth + x) * pixel), v128.load(dy + <usize>q * pixel), rowSum);
        sum = f32x4.add(sum, rowSum);
      }
      put(pointer(2) + <usize>tap * pixel + at, sum, channels - c);
    }
  }
}
