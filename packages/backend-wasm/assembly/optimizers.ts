/** Whole updates of parameters in one pass over memory, and the sum of squares that clipping needs. */

import { int, pointer, splat } from "./control";
import { keepLanes, madd, nmadd, sumLanes } from "./vectors";

/**
 * Adam and AdamW. Kingma and Ba 2014; Loshchilov and Hutter 2017. An item is 16 elements.
 * Arguments: 0 parameter, 1 gradient, 2 first moment, 3 second moment, 4 β₁, 5 1 − β₁, 6 β₂, 7 1 − β₂, 8 ε,
 * 9 1 − learning rate · weight decay, 10 learning rate / correction 1, 11 1 / √correction 2.
 */
export function adam(begin: i32, end: i32, thread: i32): void {
  const beta1 = splat(4), rest1 = splat(5), beta2 = splat(6), rest2 = splat(7), epsilon = splat(8), keep = splat(9), rate = splat(10), scale = splat(11);
  const p = pointer(0), g = pointer(1), m = pointer(2), v = pointer(3);
  for (let i = <usize>begin << 6; i < <usize>end << 6; i += 16) {
    const gradient = v128.load(g + i);
    const first = madd(rest1, gradient, f32x4.mul(beta1, v128.load(m + i)));
    const second = madd(f32x4.mul(rest2, gradient), gradient, f32x4.mul(beta2, v128.load(v + i)));
    v128.store(m + i, first);
    v128.store(v + i, second);
    const step = f32x4.div(f32x4.mul(rate, first), madd(f32x4.sqrt(second), scale, epsilon));
    v128.store(p + i, f32x4.sub(f32x4.mul(keep, v128.load(p + i)), step));
  }
}

/**
 * SGD as PyTorch defines it. An item is 16 elements.
 * Arguments: 0 parameter, 1 gradient, 2 velocity or 0, 3 learning rate, 4 momentum, 5 1 − dampening, 6 weight decay, 7 nesterov, 8 first.
 */
export function sgd(begin: i32, end: i32, thread: i32): void {
  const p = pointer(0), g = pointer(1), v = pointer(2), rate = splat(3), momentum = splat(4), fresh = splat(5), decay = splat(6);
  const nesterov = int(7), isFirst = int(8);
  for (let i = <usize>begin << 6; i < <usize>end << 6; i += 16) {
    const parameter = v128.load(p + i);
    let step = madd(decay, parameter, v128.load(g + i));
    if (v) {
      const velocity = isFirst ? step : madd(momentum, v128.load(v + i), f32x4.mul(fresh, step));
      v128.store(v + i, velocity);
      step = nesterov ? madd(momentum, velocity, step) : velocity;
    }
    v128.store(p + i, nmadd(rate, step, parameter));
  }
}

/** Sums of squares of blocks; an item is one block. Arguments: 0 x, 1 length, 2 sums, 3 elements a block. */
export function squares(begin: i32, end: i32, thread: i32): void {
  const length = int(1), block = int(3);
  for (let item = begin; item < end; item++) {
    let x = pointer(0) + (<usize>item * <usize>block << 2), left = min(block, length - item * block);
    let s0 = f32x4.splat(0), s1 = s0;
    for (; left >= 8; left -= 8) {
      const a = v128.load(x), b = v128.load(x, 16);
      s0 = madd(a, a, s0);
      s1 = madd(b, b, s1);
      x += 32;
    }
    for (; left > 0; left -= 4) {
      const a = left >= 4 ? v128.load(x) : keepLanes(v128.load(x), left);
      s0 = madd(a, a, s0);
      x += 16;
    }
    store<f32>(pointer(2) + (<usize>item << 2), sumLanes(f32x4.add(s0, s1)));
  }
}
