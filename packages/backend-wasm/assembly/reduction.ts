/** Reductions along one axis, in parts of fixed length: the same bits with any number of threads, and short sums stay accurate. */

import { float, int, pointer } from "./control";
import { Reduce } from "./generated/codes";
import { maxLanes, minLanes, storeSome, sumLanes } from "./vectors";

@unmanaged class Sum {
  @inline start(): f32 { return 0; }
  @inline join(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline lanes(v: v128): f32 { return sumLanes(v); }
}
@unmanaged class Product {
  @inline start(): f32 { return 1; }
  @inline join(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
  @inline lanes(v: v128): f32 {
    return (f32x4.extract_lane(v, 0) * f32x4.extract_lane(v, 1)) * (f32x4.extract_lane(v, 2) * f32x4.extract_lane(v, 3));
  }
}
@unmanaged class Max {
  @inline start(): f32 { return -Infinity; }
  @inline join(a: v128, b: v128): v128 { return f32x4.max(a, b); }
  @inline lanes(v: v128): f32 { return maxLanes(v); }
}
@unmanaged class Min {
  @inline start(): f32 { return Infinity; }
  @inline join(a: v128, b: v128): v128 { return f32x4.min(a, b); }
  @inline lanes(v: v128): f32 { return minLanes(v); }
}

@inline function reduceRun<T>(x: usize, count: i32): f32 {
  const f = changetype<T>(0), start = f32x4.splat(f.start());
  let s0 = start, s1 = start, s2 = start, s3 = start;
  let left = count;
  for (; left >= 16; left -= 16) {
    s0 = f.join(s0, v128.load(x));
    s1 = f.join(s1, v128.load(x, 16));
    s2 = f.join(s2, v128.load(x, 32));
    s3 = f.join(s3, v128.load(x, 48));
    x += 64;
  }
  for (; left >= 4; left -= 4) {
    s0 = f.join(s0, v128.load(x));
    x += 16;
  }
  if (left) s1 = f.join(s1, v128.bitselect(v128.load(x), start, i32x4.gt_s(i32x4.splat(left), i32x4(0, 1, 2, 3))));
  return f.lanes(f.join(f.join(s0, s1), f.join(s2, s3)));
}

function rowsOf<T>(begin: i32, end: i32): void {
  const length = int(3), parts = int(4), partLength = int(5), divisor = float(6);
  for (let item = begin; item < end; item++) {
    const first = (item % parts) * partLength;
    const value = reduceRun<T>(pointer(1) + ((<usize>(item / parts) * <usize>length + <usize>first) << 2), min(partLength, length - first));
    store<f32>(pointer(2) + (<usize>item << 2), value / divisor);
  }
}

/** float32 along the last axis. An item is a part of a row. Arguments: 0 operation, 1 x, 2 y, 3 length, 4 parts, 5 their length, 6 divisor. */
export function reduceRows(begin: i32, end: i32, thread: i32): void {
  switch (int(0)) {
    case Reduce.sum:
    case Reduce.mean: rowsOf<Sum>(begin, end); return;
    case Reduce.product: rowsOf<Product>(begin, end); return;
    case Reduce.max: rowsOf<Max>(begin, end); return;
    case Reduce.min: rowsOf<Min>(begin, end); return;
  }
}

function columnsOf<T>(begin: i32, end: i32): void {
  const f = changetype<T>(0), start = f32x4.splat(f.start());
  const length = int(3), parts = int(4), partLength = int(5), inner = int(7), strips = (inner + 15) >> 4;
  const divisor = f32x4.splat(float(6)), pitch = <usize>inner << 2;
  for (let item = begin; item < end; item++) {
    const slab = item / strips, column = (item % strips) << 4, width = min(16, inner - column), first = (slab % parts) * partLength;
    const count = min(partLength, length - first);
    let x = pointer(1) + (<usize>(slab / parts) * <usize>length + <usize>first) * pitch + (<usize>column << 2);
    let y = pointer(2) + <usize>slab * pitch + (<usize>column << 2);
    if (width == 16) {
      let s0 = start, s1 = start, s2 = start, s3 = start;
      for (let i = count; i > 0; --i) {
        s0 = f.join(s0, v128.load(x));
        s1 = f.join(s1, v128.load(x, 16));
        s2 = f.join(s2, v128.load(x, 32));
        s3 = f.join(s3, v128.load(x, 48));
        x += pitch;
      }
      v128.store(y, f32x4.div(s0, divisor));
      v128.store(y, f32x4.div(s1, divisor), 16);
      v128.store(y, f32x4.div(s2, divisor), 32);
      v128.store(y, f32x4.div(s3, divisor), 48);
    } else for (let left = width; left > 0; left -= 4) {
      let sum = start, p = x;
      for (let i = count; i > 0; --i) {
        sum = f.join(sum, v128.load(p));
        p += pitch;
      }
      sum = f32x4.div(sum, divisor);
      if (left >= 4) v128.store(y, sum);
      else storeSome(y, sum, left);
      x += 16;
      y += 16;
    }
  }
}

/** float32 along another axis. An item is 16 columns of a part. Arguments as `reduceRows`, and 7 inner. */
export function reduceColumns(begin: i32, end: i32, thread: i32): void {
  switch (int(0)) {
    case Reduce.sum:
    case Reduce.mean: columnsOf<Sum>(begin, end); return;
    case Reduce.product: columnsOf<Product>(begin, end); return;
    case Reduce.max: columnsOf<Max>(begin, end); return;
    case Reduce.min: columnsOf<Min>(begin, end); return;
  }
}

/** int32 and bool (any is its largest, all its smallest). An item is a result. Arguments: 0 operation, 1 x, 2 y, 3 length, 4 inner. */
export function reduceWhole(begin: i32, end: i32, thread: i32): void {
  const op = int(0), length = int(3), inner = int(4);
  for (let item = begin; item < end; item++) {
    const first = <usize>(item / inner) * <usize>length * <usize>inner + <usize>(item % inner);
    if (op == Reduce.any || op == Reduce.all) {
      const wanted: u8 = op == Reduce.any ? 1 : 0;
      let result: u8 = 1 - wanted, x = pointer(1) + first;
      for (let i = length; i > 0; --i) {
        if ((load<u8>(x) ? 1 : 0) == wanted) {
          result = wanted;
          break;
        }
        x += inner;
      }
      store<u8>(pointer(2) + <usize>item, result);
      continue;
    }
    let result = op == Reduce.sum ? 0 : op == Reduce.product ? 1 : op == Reduce.max ? i32.MIN_VALUE : i32.MAX_VALUE;
    let x = pointer(1) + (first << 2);
    for (let i = length; i > 0; --i) {
      const v = load<i32>(x);
      result = op == Reduce.sum ? result + v : op == Reduce.product ? result * v : op == Reduce.max ? max(result, v) : min(result, v);
      x += <usize>inner << 2;
    }
    store<i32>(pointer(2) + (<usize>item << 2), result);
  }
}

function best<T>(x: usize, length: i32, step: usize, largest: i32): i32 {
  let value = load<T>(x), place = 0;
  for (let i = 1; i < length; i++) {
    if (value != value) return place;
    x += step;
    const v = load<T>(x);
    if ((largest ? v > value : v < value) || v != v) {
      value = v;
      place = i;
    }
  }
  return place;
}

/** An item is a result. Arguments: 0 largest, 1 x, 2 y, 3 length, 4 inner, 5 int32. */
export function argReduce(begin: i32, end: i32, thread: i32): void {
  const length = int(3), inner = int(4), step = <usize>inner << 2;
  for (let item = begin; item < end; item++) {
    const x = pointer(1) + ((<usize>(item / inner) * <usize>length * <usize>inner + <usize>(item % inner)) << 2);
    store<i32>(pointer(2) + (<usize>item << 2), int(5) ? best<i32>(x, length, step, int(0)) : best<f32>(x, length, step, int(0)));
  }
}

function cumulateLine<T, S>(x: usize, y: usize, length: i32, step: isize, product: i32, exclusive: i32): void {
  let sum: S = product ? 1 : 0;
  for (let i = length; i > 0; --i) {
    const v = <S>load<T>(x);
    if (exclusive) store<T>(y, <T>sum);
    sum = product ? <S>(sum * v) : <S>(sum + v);
    if (!exclusive) store<T>(y, <T>sum);
    x += step;
    y += step;
  }
}

/** An item is a line. Arguments: 0 product, 1 x, 2 y, 3 length, 4 inner, 5 int32, 6 exclusive, 7 reverse. */
export function cumulate(begin: i32, end: i32, thread: i32): void {
  const length = int(3), inner = int(4), reverse = int(7);
  const step = <isize>(inner << 2) * (reverse ? -1 : 1);
  for (let item = begin; item < end; item++) {
    let at = (<usize>(item / inner) * <usize>length * <usize>inner + <usize>(item % inner)) << 2;
    if (reverse) at += <usize>((length - 1) * inner) << 2;
    if (int(5)) cumulateLine<i32, i32>(pointer(1) + at, pointer(2) + at, length, step, int(0), int(6));
    // A float's running value is kept in double precision: the error does not grow with the length.
    else cumulateLine<f32, f64>(pointer(1) + at, pointer(2) + at, length, step, int(0), int(6));
  }
}
