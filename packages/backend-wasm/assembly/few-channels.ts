/**
 * Convolutions with one to three channels on a side, where panels of eight would be nearly empty: the taps take the place of channels. A product gives what each
 * pixel has to say to each tap, `[pixel][tap]`, a matrix a channel; here it is gathered, or laid out for the filter gradient.
 */

import { int, pointer } from "./control";
import * as window from "./windows";

/** Stride 1; an item is a row of one image of y. Arguments: 0 products of x's pixels, 1 bytes of a channel's, 2 y, 3 bias or 0, 4 relu. */
export function gatherOutputs(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), outChannels = window.outChannels();
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth(), pixel = <usize>(kernelHeight * kernelWidth) << 2;
  for (let row = begin; row < end; row++) {
    const image = row / outHeight, y = row % outHeight - window.padTop();
    for (let channel = 0; channel < outChannels; channel++) {
      const products = pointer(0) + <usize>channel * pointer(1) + <usize>(image * height * width) * pixel;
      const first: f32 = pointer(3) ? load<f32>(pointer(3) + (<usize>channel << 2)) : 0;
      let to = pointer(2) + (<usize>(row * outWidth * outChannels + channel) << 2);
      for (let q = 0; q < outWidth; q++) {
        const x = q - window.padLeft(), kw0 = max(0, -x), kw1 = min(kernelWidth, width - x);
        let sum = first;
        for (let kh = max(0, -y); kh < min(kernelHeight, height - y); kh++) {
          let at = products + <usize>((y + kh) * width + x + kw0) * pixel + (<usize>(kh * kernelWidth + kw0) << 2);
          for (let kw = kw0; kw < kw1; kw++) {
            sum += load<f32>(at);
            at += pixel + 4;
          }
        }
        store<f32>(to, int(4) && sum < 0 ? 0 : sum);
        to += <usize>outChannels << 2;
      }
    }
  }
}

/** An item is a row of one image of dx. Arguments: 0 products of dy's pixels, 1 bytes of a channel's, 2 dx. */
export function gatherInputs(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), inChannels = window.inChannels();
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth(), strideHeight = window.strideHeight(), strideWidth = window.strideWidth();
  const taps = kernelHeight * kernelWidth;
  for (let row = begin; row < end; row++) {
    const image = row / height, y = row % height + window.padTop();
    for (let channel = 0; channel < inChannels; channel++) {
      const products = pointer(0) + <usize>channel * pointer(1) + (<usize>(image * outHeight * outWidth * taps) << 2);
      let to = pointer(2) + (<usize>(row * width * inChannels + channel) << 2);
      for (let column = 0; column < width; column++) {
        const x = column + window.padLeft();
        let sum: f32 = 0;
        for (let kh = y % strideHeight; kh < kernelHeight && kh <= y; kh += strideHeight) {
          const r = (y - kh) / strideHeight;
          if (r >= outHeight) continue;
          for (let kw = x % strideWidth; kw < kernelWidth && kw <= x; kw += strideWidth) {
            const q = (x - kw) / strideWidth;
            if (q < outWidth) sum += load<f32>(products + (<usize>((r * outWidth + q) * taps + kh * kernelWidth + kw) << 2));
          }
        }
        store<f32>(to, sum);
        to += <usize>inChannels << 2;
      }
    }
  }
}

/** Stride 1: one channel of dy at each pixel of x, as its taps saw it; an item is a row of one image of x. Arguments: 0 dy, 1 channel, 2 to [pixel][tap]. */
export function unfoldOutputs(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), outChannels = window.outChannels();
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth();
  for (let row = begin; row < end; row++) {
    const image = row / height, y = row % height + window.padTop();
    let to = pointer(2) + (<usize>(row * width * kernelHeight * kernelWidth) << 2);
    for (let column = 0; column < width; column++) {
      const x = column + window.padLeft();
      for (let kh = 0; kh < kernelHeight; kh++) for (let kw = 0; kw < kernelWidth; kw++) {
        const r = y - kh, q = x - kw, inside = r >= 0 && r < outHeight && q >= 0 && q < outWidth;
        store<f32>(to, inside ? load<f32>(pointer(0) + (<usize>(((image * outHeight + r) * outWidth + q) * outChannels + int(1)) << 2)) : 0);
        to += 4;
      }
    }
  }
}
