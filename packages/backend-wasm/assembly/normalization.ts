/** Normalisation of rows and of channels, and the gradients: each tensor is read once or twice, while it is near. */

import { float, int, pointer } from "./control";
import { keepLanes, madd, storeSome, sumLanes } from "./vectors";

@inline function put(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeSome(p, v, left);
}

function sumOf(x: usize, length: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  for (; length >= 8; length -= 8) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    x += 32;
  }
  for (; length > 0; length -= 4) {
    s0 = f32x4.add(s0, length >= 4 ? v128.load(x) : keepLanes(v128.load(x), length));
    x += 16;
  }
  return sumLanes(f32x4.add(s0, s1));
}

/** Σ (x − mean)². */
function squaresAround(x: usize, length: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let sum = f32x4.splat(0);
  for (; length > 0; length -= 4) {
    let d = f32x4.sub(v128.load(x), m);
    if (length < 4) d = keepLanes(d, length);
    sum = madd(d, d, sum);
    x += 16;
  }
  return sumLanes(sum);
}

/** An item is a row. Arguments: 0 x, 1 weight, 2 bias, 3 y, 4 mean, 5 rstd, 6 length, 7 epsilon. */
export function layerNorm(begin: i32, end: i32, thread: i32): void {
  const length = int(6), count = <f32>length, epsilon = float(7);
  for (let row = begin; row < end; row++) {
    const at = <usize>row * <usize>length << 2;
    let x = pointer(0) + at, y = pointer(3) + at, weight = pointer(1), bias = pointer(2);
    const mean = sumOf(x, length) / count;
    const rstd: f32 = 1 / sqrt<f32>(squaresAround(x, length, mean) / count + epsilon);
    store<f32>(pointer(4) + (<usize>row << 2), mean);
    store<f32>(pointer(5) + (<usize>row << 2), rstd);
    const m = f32x4.splat(mean), r = f32x4.splat(rstd);
    for (let left = length; left > 0; left -= 4) {
      put(y, madd(f32x4.mul(f32x4.sub(v128.load(x), m), r), v128.load(weight), v128.load(bias)), left);
      x += 16;
      y += 16;
      weight += 16;
      bias += 16;
    }
  }
}

/**
 * An item is a part of the rows, with sums of its own for weight and bias.
 * Arguments: 0 g, 1 x, 2 weight, 3 mean, 4 rstd, 5 dx, 6 length, 7 rows, 8 rows a part, 9 sums: [part][dweight, dbias], 10 bytes of one sum.
 */
export function layerNormGradient(begin: i32, end: i32, thread: i32): void {
  const length = int(6), partRows = int(8), scale: f32 = 1 / <f32>length;
  for (let part = begin; part < end; part++) {
    const dweight = pointer(9) + <usize>(2 * part) * pointer(10), dbias = dweight + pointer(10);
    memory.fill(dweight, 0, 2 * pointer(10));
    const last = min(int(7), (part + 1) * partRows);
    for (let row = part * partRows; row < last; row++) {
      const at = <usize>row * <usize>length << 2, g = pointer(0) + at, x = pointer(1) + at, dx = pointer(5) + at, weight = pointer(2);
      const mean = v128.load32_splat(pointer(3) + (<usize>row << 2)), rstd = v128.load32_splat(pointer(4) + (<usize>row << 2));
      let sum = f32x4.splat(0), product = f32x4.splat(0), o: usize = 0;
      for (let left = length; left > 0; left -= 4) {
        const slope = v128.load(g + o), xhat = f32x4.mul(f32x4.sub(v128.load(x + o), mean), rstd);
        // The sums are padded: what a last vector adds past the row's end is never read.
        v128.store(dweight + o, madd(slope, xhat, v128.load(dweight + o)));
        v128.store(dbias + o, f32x4.add(slope, v128.load(dbias + o)));
        let scaled = f32x4.mul(slope, v128.load(weight + o));
        if (left < 4) scaled = keepLanes(scaled, left);
        sum = f32x4.add(sum, scaled);
        product = f32x4.add(product, left < 4 ? keepLanes(f32x4.mul(scaled, xhat), left) : f32x4.mul(scaled, xhat));
        o += 16;
      }
      const a = f32x4.splat(sumLanes(sum) * scale), b = f32x4.splat(sumLanes(product) * scale);
      o = 0;
      for (let left = length; left > 0; left -= 4) {
        const xhat = f32x4.mul(f32x4.sub(v128.load(x + o), mean), rstd);
        const centred = f32x4.sub(f32x4.sub(f32x4.mul(v128.load(g + o), v128.load(weight + o)), a), f32x4.mul(xhat, b));
        put(dx + o, f32x4.mul(centred, rstd), left);
        o += 16;
      }
    }
  }
}

/**
 * Means and sums of squares around them, per channel and part of the rows.
 * Arguments: 0 x, 1 sums: [part][mean, squares], 2 bytes of one, 3 channels, 4 rows, 5 rows a part.
 */
export function batchNormParts(begin: i32, end: i32, thread: i32): void {
  const channels = int(3), partRows = int(5), pitch = <usize>channels << 2;
  for (let part = begin; part < end; part++) {
    const mean = pointer(1) + <usize>(2 * part) * pointer(2), squares = mean + pointer(2);
    memory.fill(mean, 0, 2 * pointer(2));
    const first = part * partRows, count = min(int(4) - first, partRows), from = pointer(0) + <usize>first * pitch;
    let x = from;
    for (let row = 0; row < count; row++) {
      for (let o: usize = 0; o < pitch; o += 16) v128.store(mean + o, f32x4.add(v128.load(mean + o), v128.load(x + o)));
      x += pitch;
    }
    const divisor = f32x4.splat(<f32>count);
    for (let o: usize = 0; o < pitch; o += 16) v128.store(mean + o, f32x4.div(v128.load(mean + o), divisor));
    x = from;
    for (let row = 0; row < count; row++) {
      for (let o: usize = 0; o < pitch; o += 16) {
        const d = f32x4.sub(v128.load(x + o), v128.load(mean + o));
        v128.store(squares + o, madd(d, d, v128.load(squares + o)));
      }
      x += pitch;
    }
  }
}

/**
 * Joins the parts. Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance". An item is 16 channels.
 * Arguments as `batchNormParts`, and 6 parts, 7 mean, 8 variance, 9 weight, 10 epsilon, 11 scale: weight/√(variance + ε).
 */
export function batchNormJoin(begin: i32, end: i32, thread: i32): void {
  const rows = int(4), partRows = int(5), parts = int(6), one = pointer(2), epsilon = f32x4.splat(float(10));
  for (let o = <usize>begin << 6; o < <usize>end << 6; o += 16) {
    let p = pointer(1) + o, mean = v128.load(p), squares = v128.load(p + one), seen = <f32>min(rows, partRows);
    for (let part = 1; part < parts; part++) {
      p += 2 * one;
      const count = <f32>min(rows - part * partRows, partRows), all = seen + count;
      const d = f32x4.sub(v128.load(p), mean);
      mean = madd(d, f32x4.splat(count / all), mean);
      squares = f32x4.add(squares, madd(f32x4.mul(d, d), f32x4.splat(seen * count / all), v128.load(p + one)));
      seen = all;
    }
    const variance = f32x4.div(squares, f32x4.splat(seen));
    v128.store(pointer(7) + o, mean);
    v128.store(pointer(8) + o, variance);
    v128.store(pointer(11) + o, f32x4.div(v128.load(pointer(9) + o), f32x4.sqrt(f32x4.add(variance, epsilon))));
  }
}

/** An item is a row. Arguments: 0 x, 1 y, 2 mean, 3 scale, 4 bias, 5 channels. */
export function batchNormApply(begin: i32, end: i32, thread: i32): void {
  const channels = int(5), pitch = <usize>channels << 2, mean = pointer(2), scale = pointer(3), bias = pointer(4);
  let x = pointer(0) + <usize>begin * pitch, y = pointer(1) + <usize>begin * pitch;
  for (let row = begin; row < end; row++) {
    let o: usize = 0;
    for (let left = channels; left > 0; left -= 4) {
      put(y + o, madd(f32x4.sub(v128.load(x + o), v128.load(mean + o)), v128.load(scale + o), v128.load(bias + o)), left);
      o += 16;
    }
    x += pitch;
    y += pitch;
  }
}

/** Per channel, 1/√(variance + ε). An item is 16 channels. Arguments: 0 variance, 1 to, 2 epsilon. */
export function batchNormDeviation(begin: i32, end: i32, thread: i32): void {
  const epsilon = f32x4.splat(float(2));
  for (let o = <usize>begin << 6; o < <usize>end << 6; o += 16) {
    v128.store(pointer(1) + o, f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(v128.load(pointer(0) + o), epsilon))));
  }
}

/**
 * Sums of g·x̂ and of g, per channel and part of the rows.
 * Arguments: 0 g, 1 x, 2 mean, 3 rstd, 4 sums: [part][dweight, dbias], 5 bytes of one, 6 channels, 7 rows, 8 rows a part.
 */
export function batchNormGradientParts(begin: i32, end: i32, thread: i32): void {
  const pitch = <usize>int(6) << 2, partRows = int(8), mean = pointer(2), rstd = pointer(3);
  for (let part = begin; part < end; part++) {
    const dweight = pointer(4) + <usize>(2 * part) * pointer(5), dbias = dweight + pointer(5);
    memory.fill(dweight, 0, 2 * pointer(5));
    const first = part * partRows, count = min(int(7) - first, partRows);
    let g = pointer(0) + <usize>first * pitch, x = pointer(1) + <usize>first * pitch;
    for (let row = 0; row < count; row++) {
      for (let o: usize = 0; o < pitch; o += 16) {
        const slope = v128.load(g + o), xhat = f32x4.mul(f32x4.sub(v128.load(x + o), v128.load(mean + o)), v128.load(rstd + o));
        v128.store(dweight + o, madd(slope, xhat, v128.load(dweight + o)));
        v128.store(dbias + o, f32x4.add(slope, v128.load(dbias + o)));
      }
      g += pitch;
      x += pitch;
    }
  }
}

/** weight·rstd·(g − mean(g) − x̂·mean(g·x̂)). An item is a row. Arguments: 0 g, 1 x, 2 mean, 3 rstd, 4 weight, 5 dweight, 6 dbias, 7 dx, 8 channels, 9 1/rows. */
export function batchNormGradient(begin: i32, end: i32, thread: i32): void {
  const channels = int(8), pitch = <usize>channels << 2, share = f32x4.splat(float(9));
  const mean = pointer(2), rstd = pointer(3), weight = pointer(4), dweight = pointer(5), dbias = pointer(6);
  for (let row = begin; row < end; row++) {
    const g = pointer(0) + <usize>row * pitch, x = pointer(1) + <usize>row * pitch, dx = pointer(7) + <usize>row * pitch;
    let o: usize = 0;
    for (let left = channels; left > 0; left -= 4) {
      const r = v128.load(rstd + o), xhat = f32x4.mul(f32x4.sub(v128.load(x + o), v128.load(mean + o)), r);
      const means = f32x4.mul(madd(xhat, v128.load(dweight + o), v128.load(dbias + o)), share);
      put(dx + o, f32x4.mul(f32x4.mul(v128.load(weight + o), r), f32x4.sub(v128.load(g + o), means)), left);
      o += 16;
    }
  }
}
