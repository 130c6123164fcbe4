/** Pooling: maxima with their places, means, and the gradients of both; vectors run over channels. */

import { int, pointer } from "./control";
import { storeSome } from "./vectors";
import * as window from "./windows";

@inline function put(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeSome(p, v, left);
}

/** Lanes where `v` comes out over the best so far: larger, or NaN, unless a NaN has won already. */
@inline function wins(v: v128, best: v128): v128 {
  return v128.andnot(f32x4.eq(best, best), f32x4.le(v, best));
}

/** The usual window, two by two and all inside, as a tree: the general loop waits for one tap after the other. */
function maxOfFour(from: usize, down: usize, pixel: usize, place: i32, width: i32, values: usize, indices: usize): void {
  const p0 = i32x4.splat(place), p1 = i32x4.splat(place + 1), p2 = i32x4.splat(place + width), p3 = i32x4.splat(place + width + 1);
  for (let at: usize = 0; at < pixel; at += 16) {
    const v0 = v128.load(from + at), v1 = v128.load(from + pixel + at), v2 = v128.load(from + down + at), v3 = v128.load(from + down + pixel + at);
    const top = wins(v1, v0), bottom = wins(v3, v2);
    const upper = v128.bitselect(v1, v0, top), lower = v128.bitselect(v3, v2, bottom), last = wins(lower, upper);
    v128.store(values + at, v128.bitselect(lower, upper, last));
    v128.store(indices + at, v128.bitselect(v128.bitselect(p3, p2, bottom), v128.bitselect(p1, p0, top), last));
  }
}

/** An item is a row of windows of one image. Arguments: 0 x, 1 values, 2 indices. */
export function maxPool(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, dilationHeight = window.dilationHeight(), dilationWidth = window.dilationWidth();
  for (let row = begin; row < end; row++) {
    const image = pointer(0) + <usize>(row / outHeight) * <usize>height * <usize>width * pixel;
    const y0 = (row % outHeight) * window.strideHeight() - window.padTop();
    const kh0 = window.firstWindow(y0, dilationHeight), kh1 = window.endWindow(y0, dilationHeight, height, window.kernelHeight());
    for (let q = 0; q < outWidth; q++) {
      const x0 = q * window.strideWidth() - window.padLeft();
      const kw0 = window.firstWindow(x0, dilationWidth), kw1 = window.endWindow(x0, dilationWidth, width, window.kernelWidth());
      const result = (<usize>row * <usize>outWidth + <usize>q) * pixel;
      const none = kh0 >= kh1 || kw0 >= kw1;
      const first = none ? 0 : (y0 + kh0 * dilationHeight) * width + x0 + kw0 * dilationWidth;
      if (kh1 - kh0 == 2 && kw1 - kw0 == 2 && dilationHeight == 1 && dilationWidth == 1 && !(channels & 3)) {
        maxOfFour(image + <usize>first * pixel, <usize>width * pixel, pixel, first, width, pointer(1) + result, pointer(2) + result);
        continue;
      }
      for (let c = 0; c < channels; c += 4) {
        const at = <usize>c << 2;
        let best = none ? f32x4.splat(-Infinity) : v128.load(image + <usize>first * pixel + at), place = i32x4.splat(first);
        for (let kh = kh0; kh < kh1; kh++) for (let kw = kw0; kw < kw1; kw++) {
          const here = (y0 + kh * dilationHeight) * width + x0 + kw * dilationWidth;
          const v = v128.load(image + <usize>here * pixel + at);
          const better = wins(v, best);
          best = v128.bitselect(v, best, better);
          place = v128.bitselect(i32x4.splat(here), place, better);
        }
        put(pointer(1) + result + at, best, channels - c);
        put(pointer(2) + result + at, place, channels - c);
      }
    }
  }
}

/** The gradient of one such window: each pixel gets its value's gradient or 0. */
function spreadToFour(dy: usize, indices: usize, to: usize, down: usize, pixel: usize, place: i32, width: i32): void {
  const p0 = i32x4.splat(place), p1 = i32x4.splat(place + 1), p2 = i32x4.splat(place + width), p3 = i32x4.splat(place + width + 1);
  for (let at: usize = 0; at < pixel; at += 16) {
    const g = v128.load(dy + at), winner = v128.load(indices + at);
    v128.store(to + at, v128.and(g, i32x4.eq(winner, p0)));
    v128.store(to + pixel + at, v128.and(g, i32x4.eq(winner, p1)));
    v128.store(to + down + at, v128.and(g, i32x4.eq(winner, p2)));
    v128.store(to + down + pixel + at, v128.and(g, i32x4.eq(winner, p3)));
  }
}

/** An item is one image. Arguments: 0 dy, 1 indices, 2 dx, 3 windows of a grid that meets every pixel at most once. */
export function maxPoolGradient(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, imageBytes = <usize>height * <usize>width * pixel;
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth(), strideHeight = window.strideHeight(), strideWidth = window.strideWidth();
  const windows = outHeight * outWidth;
  for (let image = begin; image < end; image++) {
    const dx = pointer(2) + <usize>image * imageBytes;
    let from = <usize>image * <usize>windows * pixel;
    const tiled = int(3) && !(channels & 3);
    if (!tiled || outHeight * kernelHeight < height || outWidth * kernelWidth < width) memory.fill(dx, 0, imageBytes);
    if (tiled) {
      for (let r = 0; r < outHeight; r++) for (let q = 0; q < outWidth; q++) {
        const corner = r * strideHeight * width + q * strideWidth;
        if (kernelHeight == 2 && kernelWidth == 2) spreadToFour(pointer(0) + from, pointer(1) + from, dx + <usize>corner * pixel, <usize>width * pixel, pixel, corner, width);
        else for (let at: usize = 0; at < pixel; at += 16) {
          const g = v128.load(pointer(0) + from + at), place = v128.load(pointer(1) + from + at);
          for (let kh = 0; kh < kernelHeight; kh++) for (let kw = 0; kw < kernelWidth; kw++) {
            const here = corner + kh * width + kw;
            v128.store(dx + <usize>here * pixel + at, v128.and(g, i32x4.eq(place, i32x4.splat(here))));
          }
        }
        from += pixel;
      }
    } else for (let p = 0; p < windows; p++) {
      for (let at: usize = 0; at < pixel; at += 4) {
        const to = dx + <usize>load<i32>(pointer(1) + from + at) * pixel + at;
        store<f32>(to, load<f32>(to) + load<f32>(pointer(0) + from + at));
      }
      from += pixel;
    }
  }
}

/** What a window's sum is divided by. */
@inline function divisor(rows: i32, columns: i32): f32 {
  return <f32>(int(3) ? window.kernelHeight() * window.kernelWidth() : max(0, rows) * max(0, columns));
}

/** An item is a row of windows of one image. Arguments: 0 x, 1 y, 3 count padding. */
export function averagePool(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, dilationHeight = window.dilationHeight(), dilationWidth = window.dilationWidth();
  for (let row = begin; row < end; row++) {
    const image = pointer(0) + <usize>(row / outHeight) * <usize>height * <usize>width * pixel;
    const y0 = (row % outHeight) * window.strideHeight() - window.padTop();
    const kh0 = window.firstWindow(y0, dilationHeight), kh1 = window.endWindow(y0, dilationHeight, height, window.kernelHeight());
    for (let q = 0; q < outWidth; q++) {
      const x0 = q * window.strideWidth() - window.padLeft();
      const kw0 = window.firstWindow(x0, dilationWidth), kw1 = window.endWindow(x0, dilationWidth, width, window.kernelWidth());
      const scale = f32x4.splat(divisor(kh1 - kh0, kw1 - kw0));
      for (let c = 0; c < channels; c += 4) {
        const at = <usize>c << 2;
        let sum = f32x4.splat(0);
        for (let kh = kh0; kh < kh1; kh++) for (let kw = kw0; kw < kw1; kw++) {
          sum = f32x4.add(sum, v128.load(image + <usize>((y0 + kh * dilationHeight) * width + x0 + kw * dilationWidth) * pixel + at));
        }
        put(pointer(1) + (<usize>row * <usize>outWidth + <usize>q) * pixel + at, f32x4.div(sum, scale), channels - c);
      }
    }
  }
}

/** An item is one image. Arguments: 0 dy, 1 dx, 3 count padding. */
export function averagePoolGradient(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth(), channels = window.inChannels();
  const pixel = <usize>channels << 2, dilationHeight = window.dilationHeight(), dilationWidth = window.dilationWidth();
  for (let image = begin; image < end; image++) {
    const dx = pointer(1) + <usize>image * <usize>height * <usize>width * pixel;
    memory.fill(dx, 0, <usize>height * <usize>width * pixel);
    for (let r = 0; r < outHeight; r++) {
      const y0 = r * window.strideHeight() - window.padTop();
      const kh0 = window.firstWindow(y0, dilationHeight), kh1 = window.endWindow(y0, dilationHeight, height, window.kernelHeight());
      for (let q = 0; q < outWidth; q++) {
        const x0 = q * window.strideWidth() - window.padLeft();
        const kw0 = window.firstWindow(x0, dilationWidth), kw1 = window.endWindow(x0, dilationWidth, width, window.kernelWidth());
        const scale = f32x4.splat(divisor(kh1 - kh0, kw1 - kw0));
        const dy = pointer(0) + ((<usize>image * <usize>outHeight + <usize>r) * <usize>outWidth + <usize>q) * pixel;
        for (let c = 0; c < channels; c += 4) {
          const at = <usize>c << 2, g = f32x4.div(v128.load(dy + at), scale);
          for (let kh = kh0; kh < kh1; kh++) for (let kw = kw0; kw < kw1; kw++) {
            const to = dx + <usize>((y0 + kh * dilationHeight) * width + x0 + kw * dilationWidth) * pixel + at;
            put(to, f32x4.add(v128.load(to), g), channels - c);
          }
        }
      }
    }
  }
}
