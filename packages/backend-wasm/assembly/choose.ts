/** Comparisons, which give bools, and the choice between two tensors by a bool, with broadcasting. */

import { innerSize, innerStride, rowOffset } from "./broadcast";
import { int, pointer } from "./control";
import { Compare } from "./generated/codes";
import { loadBytes, storeMask, storeSome } from "./vectors";

@unmanaged class Equal { @inline of(a: v128, b: v128): v128 { return f32x4.eq(a, b); } }
@unmanaged class NotEqual { @inline of(a: v128, b: v128): v128 { return f32x4.ne(a, b); } }
@unmanaged class Less { @inline of(a: v128, b: v128): v128 { return f32x4.lt(a, b); } }
@unmanaged class LessEqual { @inline of(a: v128, b: v128): v128 { return f32x4.le(a, b); } }
@unmanaged class IntEqual { @inline of(a: v128, b: v128): v128 { return i32x4.eq(a, b); } }
@unmanaged class IntNotEqual { @inline of(a: v128, b: v128): v128 { return i32x4.ne(a, b); } }
@unmanaged class IntLess { @inline of(a: v128, b: v128): v128 { return i32x4.lt_s(a, b); } }
@unmanaged class IntLessEqual { @inline of(a: v128, b: v128): v128 { return i32x4.le_s(a, b); } }
// Bools are bytes 0 and 1, read as lanes.
@unmanaged class And { @inline of(a: v128, b: v128): v128 { return i32x4.ne(v128.and(a, b), i32x4.splat(0)); } }
@unmanaged class Or { @inline of(a: v128, b: v128): v128 { return i32x4.ne(v128.or(a, b), i32x4.splat(0)); } }

@inline function read(p: usize, step: i32, bytes: i32): v128 {
  if (bytes == 4) return step ? v128.load(p) : v128.load32_splat(p);
  return step ? loadBytes(p) : i32x4.splat(<i32>load<u8>(p));
}

@inline function lastBytes(p: usize, mask: v128, count: i32): void {
  store<u8>(p, <u8>(i32x4.extract_lane(mask, 0) & 1));
  if (count > 1) store<u8>(p, <u8>(i32x4.extract_lane(mask, 1) & 1), 1);
  if (count > 2) store<u8>(p, <u8>(i32x4.extract_lane(mask, 2) & 1), 2);
}

function runs<T>(begin: i32, end: i32, bytes: i32): void {
  const f = changetype<T>(0), rank = int(4), aStep = int(5), bStep = int(6), count = innerSize(rank);
  for (let row = begin; row < end; row++) {
    let a = pointer(1) + <usize>(rowOffset(row, 0, rank) * bytes), b = pointer(2) + <usize>(rowOffset(row, 1, rank) * bytes);
    let y = pointer(3) + <usize>row * <usize>count;
    for (let i = count >> 2; i > 0; --i) {
      storeMask(y, f.of(read(a, aStep, bytes), read(b, bStep, bytes)));
      a += <usize>(aStep * bytes) << 2;
      b += <usize>(bStep * bytes) << 2;
      y += 4;
    }
    if (count & 3) lastBytes(y, f.of(read(a, aStep, bytes), read(b, bStep, bytes)), count & 3);
  }
}

/**
 * An item is a row. The greater ones come as their mirrors, with a and b exchanged, and exclusive or as not equal.
 * Arguments: 0 operation, 1 a, 2 b, 3 y, 4 rank, 5 step of a, 6 step of b, 7 dtype: 0 float32, 1 int32, 2 bool.
 */
export function compare(begin: i32, end: i32, thread: i32): void {
  const op = int(0), dtype = int(7);
  if (dtype == 0) {
    switch (op) {
      case Compare.equal: runs<Equal>(begin, end, 4); return;
      case Compare.notEqual: runs<NotEqual>(begin, end, 4); return;
      case Compare.less: runs<Less>(begin, end, 4); return;
      case Compare.lessEqual: runs<LessEqual>(begin, end, 4); return;
    }
  }
  const bytes = dtype == 2 ? 1 : 4;
  switch (op) {
    case Compare.equal: runs<IntEqual>(begin, end, bytes); return;
    case Compare.notEqual: runs<IntNotEqual>(begin, end, bytes); return;
    case Compare.less: runs<IntLess>(begin, end, bytes); return;
    case Compare.lessEqual: runs<IntLessEqual>(begin, end, bytes); return;
    case Compare.logicalAnd: runs<And>(begin, end, bytes); return;
    case Compare.logicalOr: runs<Or>(begin, end, bytes); return;
  }
}

/** An item is a row. Operands: condition, a, b. Arguments: 0 condition, 1 a, 2 b, 3 y, 4 rank, 5 bytes an element. */
export function where(begin: i32, end: i32, thread: i32): void {
  const rank = int(4), bytes = int(5), count = innerSize(rank);
  const cStep = innerStride(0, rank), aStep = innerStride(1, rank), bStep = innerStride(2, rank);
  for (let row = begin; row < end; row++) {
    let c = pointer(0) + <usize>rowOffset(row, 0, rank);
    let a = pointer(1) + <usize>(rowOffset(row, 1, rank) * bytes), b = pointer(2) + <usize>(rowOffset(row, 2, rank) * bytes);
    let y = pointer(3) + <usize>row * <usize>(count * bytes);
    if (bytes == 1) for (let i = 0; i < count; i++) {
      store<u8>(y, load<u8>(c) ? load<u8>(a) : load<u8>(b));
      c += cStep;
      a += aStep;
      b += bStep;
      y += 1;
    } else for (let left = count; left > 0; left -= 4) {
      const mask = i32x4.ne(read(c, cStep, 1), i32x4.splat(0));
      const v = v128.bitselect(read(a, aStep, 4), read(b, bStep, 4), mask);
      if (left >= 4) v128.store(y, v);
      else storeSome(y, v, left);
      c += <usize>cStep << 2;
      a += <usize>aStep << 4;
      b += <usize>bStep << 4;
      y += 16;
    }
  }
}
