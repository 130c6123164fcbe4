/** Softmax, its logarithm, cross-entropy and their gradients; rows are independent. */

import { int, pointer } from "./control";
import * as mathematics from "./mathematics";
import { keepLanes, maxLanes, nmadd, storeSome, sumLanes } from "./vectors";

@inline function put(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeSome(p, v, left);
}

@inline function logOf(x: f32): f32 { return f32x4.extract_lane(mathematics.log(f32x4.splat(x)), 0); }

function largest(x: usize, length: i32): f32 {
  let m = f32x4.splat(-Infinity), left = length;
  for (; left >= 4; left -= 4) {
    m = f32x4.max(m, v128.load(x));
    x += 16;
  }
  let result = maxLanes(m);
  for (; left > 0; --left) {
    result = max<f32>(result, load<f32>(x));
    x += 4;
  }
  return result;
}

/** Σ exp(x − shift), and the exponentials at `y` unless it is 0. */
function exponentials(x: usize, y: usize, length: i32, shift: f32): f32 {
  const s = f32x4.splat(shift);
  let sum = f32x4.splat(0), left = length;
  for (; left >= 4; left -= 4) {
    const e = mathematics.expFlushed(f32x4.sub(v128.load(x), s));
    if (y) {
      v128.store(y, e);
      y += 16;
    }
    sum = f32x4.add(sum, e);
    x += 16;
  }
  if (left) {
    const e = mathematics.expFlushed(f32x4.sub(v128.load(x), s));
    if (y) storeSome(y, e, left);
    sum = f32x4.add(sum, keepLanes(e, left));
  }
  return sumLanes(sum);
}

/** An item is a row. Arguments: 0 x, 1 y, 2 length. */
export function softmax(begin: i32, end: i32, thread: i32): void {
  const length = int(2);
  for (let row = begin; row < end; row++) {
    const at = <usize>row * <usize>length << 2;
    let y = pointer(1) + at;
    const scale = f32x4.splat(1 / exponentials(pointer(0) + at, y, length, largest(pointer(0) + at, length)));
    for (let left = length; left > 0; left -= 4) {
      put(y, f32x4.mul(v128.load(y), scale), left);
      y += 16;
    }
  }
}

/** An item is a row. Arguments: 0 g, 1 y, 2 dx, 3 length. */
export function softmaxGradient(begin: i32, end: i32, thread: i32): void {
  const length = int(3);
  for (let row = begin; row < end; row++) {
    const at = <usize>row * <usize>length << 2;
    let g = pointer(0) + at, y = pointer(1) + at, dx = pointer(2) + at, dot = f32x4.splat(0);
    for (let left = length; left > 0; left -= 4) {
      const product = f32x4.mul(v128.load(g), v128.load(y));
      dot = f32x4.add(dot, left >= 4 ? product : keepLanes(product, left));
      g += 16;
      y += 16;
    }
    const mean = f32x4.splat(sumLanes(dot));
    g = pointer(0) + at;
    y = pointer(1) + at;
    for (let left = length; left > 0; left -= 4) {
      put(dx, f32x4.mul(v128.load(y), f32x4.sub(v128.load(g), mean)), left);
      g += 16;
      y += 16;
      dx += 16;
    }
  }
}

/** An item is a row. Arguments: 0 x, 1 y, 2 length. */
export function logSoftmax(begin: i32, end: i32, thread: i32): void {
  const length = int(2);
  for (let row = begin; row < end; row++) {
    const at = <usize>row * <usize>length << 2;
    let x = pointer(0) + at, y = pointer(1) + at;
    const top = largest(x, length), shift = f32x4.splat(top), rest = f32x4.splat(logOf(exponentials(x, 0, length, top)));
    for (let left = length; left > 0; left -= 4) {
      put(y, f32x4.sub(f32x4.sub(v128.load(x), shift), rest), left);
      x += 16;
      y += 16;
    }
  }
}

/** An item is a row. Arguments: 0 g, 1 y, 2 dx, 3 length. */
export function logSoftmaxGradient(begin: i32, end: i32, thread: i32): void {
  const length = int(3);
  for (let row = begin; row < end; row++) {
    const at = <usize>row * <usize>length << 2;
    let g = pointer(0) + at, y = pointer(1) + at, dx = pointer(2) + at, total = f32x4.splat(0);
    for (let left = length; left > 0; left -= 4) {
      total = f32x4.add(total, left >= 4 ? v128.load(g) : keepLanes(v128.load(g), left));
      g += 16;
    }
    const sum = f32x4.splat(sumLanes(total));
    g = pointer(0) + at;
    for (let left = length; left > 0; left -= 4) {
      put(dx, nmadd(mathematics.expFlushed(v128.load(y)), sum, v128.load(g)), left);
      g += 16;
      y += 16;
      dx += 16;
    }
  }
}

/** An item is a row. Arguments: 0 logits, 1 labels, 2 y, 3 length. */
export function crossEntropy(begin: i32, end: i32, thread: i32): void {
  const length = int(3);
  for (let row = begin; row < end; row++) {
    const x = pointer(0) + (<usize>row * <usize>length << 2), label = load<i32>(pointer(1) + (<usize>row << 2));
    let loss: f32 = 0;
    if (<u32>label < <u32>length) {
      const top = largest(x, length);
      loss = logOf(exponentials(x, 0, length, top)) - (load<f32>(x + (<usize>label << 2)) - top);
    }
    store<f32>(pointer(2) + (<usize>row << 2), loss);
  }
}

/** An item is a row. Arguments: 0 g, 1 logits, 2 labels, 3 dx, 4 length. */
export function crossEntropyGradient(begin: i32, end: i32, thread: i32): void {
  const length = int(4);
  for (let row = begin; row < end; row++) {
    const at = <usize>row * <usize>length << 2, label = load<i32>(pointer(2) + (<usize>row << 2));
    const x = pointer(1) + at, dx = pointer(3) + at;
    if (<u32>label >= <u32>length) {
      memory.fill(dx, 0, <usize>length << 2);
      continue;
    }
    const g = load<f32>(pointer(0) + (<usize>row << 2));
    const scale = f32x4.splat(g / exponentials(x, dx, length, largest(x, length)));
    let p = dx;
    for (let left = length; left > 0; left -= 4) {
      put(p, f32x4.mul(v128.load(p), scale), left);
      p += 16;
    }
    const hit = dx + (<usize>label << 2);
    store<f32>(hit, load<f32>(hit) - g);
  }
}
