/** Functions of one tensor, element by element. Buffers are padded to 64 bytes, so a run is always whole vectors. */

import { int, pointer } from "./control";
import { Unary } from "./generated/codes";
import * as mathematics from "./mathematics";
import { storeMask } from "./vectors";

@inline function each(v: v128, f: (x: f32) => f32): v128 {
  return f32x4(f(f32x4.extract_lane(v, 0)), f(f32x4.extract_lane(v, 1)), f(f32x4.extract_lane(v, 2)), f(f32x4.extract_lane(v, 3)));
}
@inline function one(): v128 { return f32x4.splat(1); }
@inline function half(): v128 { return f32x4.splat(0.5); }

@unmanaged class Abs { @inline of(x: v128): v128 { return f32x4.abs(x); } }
@unmanaged class Negate { @inline of(x: v128): v128 { return f32x4.neg(x); } }
@unmanaged class Sign {
  // x itself where neither holds: zeros and NaN.
  @inline of(x: v128): v128 {
    const zero = f32x4.splat(0);
    return v128.bitselect(one(), v128.bitselect(f32x4.splat(-1), x, f32x4.lt(x, zero)), f32x4.gt(x, zero));
  }
}
@unmanaged class Exp { @inline of(x: v128): v128 { return mathematics.exp(x); } }
@unmanaged class Expm1 { @inline of(x: v128): v128 { return mathematics.expm1(x); } }
@unmanaged class Log { @inline of(x: v128): v128 { return mathematics.log(x); } }
@unmanaged class Log1p { @inline of(x: v128): v128 { return mathematics.log1p(x); } }
@unmanaged class Sqrt { @inline of(x: v128): v128 { return f32x4.sqrt(x); } }
@unmanaged class Rsqrt { @inline of(x: v128): v128 { return f32x4.div(one(), f32x4.sqrt(x)); } }
@unmanaged class Square { @inline of(x: v128): v128 { return f32x4.mul(x, x); } }
@unmanaged class Reciprocal { @inline of(x: v128): v128 { return f32x4.div(one(), x); } }
@unmanaged class Sin { @inline of(x: v128): v128 { return each(x, (v: f32) => Mathf.sin(v)); } }
@unmanaged class Cos { @inline of(x: v128): v128 { return each(x, (v: f32) => Mathf.cos(v)); } }
@unmanaged class Tan { @inline of(x: v128): v128 { return each(x, (v: f32) => Mathf.tan(v)); } }
@unmanaged class Atan { @inline of(x: v128): v128 { return each(x, (v: f32) => Mathf.atan(v)); } }
@unmanaged class Tanh { @inline of(x: v128): v128 { return mathematics.tanh(x); } }
@unmanaged class Sigmoid { @inline of(x: v128): v128 { return mathematics.sigmoid(x); } }
@unmanaged class Softplus { @inline of(x: v128): v128 { return mathematics.softplus(x); } }
@unmanaged class Relu { @inline of(x: v128): v128 { return f32x4.pmax(x, f32x4.splat(0)); } }
@unmanaged class Erf { @inline of(x: v128): v128 { return mathematics.erf(x); } }
@unmanaged class Gelu { @inline of(x: v128): v128 { return f32x4.mul(x, mathematics.normalCumulative(x)); } }
@unmanaged class GeluTanh { @inline of(x: v128): v128 { return f32x4.mul(x, mathematics.sigmoid(mathematics.geluTanhArgument(x))); } }
@unmanaged class Silu { @inline of(x: v128): v128 { return f32x4.div(x, f32x4.add(one(), mathematics.expFlushed(f32x4.neg(x)))); } }
@unmanaged class Floor { @inline of(x: v128): v128 { return f32x4.floor(x); } }
@unmanaged class Ceil { @inline of(x: v128): v128 { return f32x4.ceil(x); } }
@unmanaged class Round { @inline of(x: v128): v128 { return f32x4.nearest(x); } }
@unmanaged class IntAbs { @inline of(x: v128): v128 { return i32x4.abs(x); } }
@unmanaged class IntNegate { @inline of(x: v128): v128 { return i32x4.neg(x); } }
@unmanaged class IntSign {
  @inline of(x: v128): v128 { return i32x4.max_s(i32x4.splat(-1), i32x4.min_s(i32x4.splat(1), x)); }
}
@unmanaged class IntSquare { @inline of(x: v128): v128 { return i32x4.mul(x, x); } }

function map<T>(begin: i32, end: i32): void {
  const f = changetype<T>(0);
  let x = pointer(1) + (<usize>begin << 6), y = pointer(2) + (<usize>begin << 6);
  for (let i = (end - begin) << 2; i > 0; --i) {
    v128.store(y, f.of(v128.load(x)));
    x += 16;
    y += 16;
  }
}

/** An item is 16 elements. Arguments: 0 operation, 1 x, 2 y, 3 int32. */
export function unary(begin: i32, end: i32, thread: i32): void {
  if (int(3)) {
    switch (int(0)) {
      case Unary.abs: map<IntAbs>(begin, end); return;
      case Unary.negate: map<IntNegate>(begin, end); return;
      case Unary.sign: map<IntSign>(begin, end); return;
      case Unary.square: map<IntSquare>(begin, end); return;
    }
    return;
  }
  switch (int(0)) {
    case Unary.abs: map<Abs>(begin, end); return;
    case Unary.negate: map<Negate>(begin, end); return;
    case Unary.sign: map<Sign>(begin, end); return;
    case Unary.exp: map<Exp>(begin, end); return;
    case Unary.expm1: map<Expm1>(begin, end); return;
    case Unary.log: map<Log>(begin, end); return;
    case Unary.log1p: map<Log1p>(begin, end); return;
    case Unary.sqrt: map<Sqrt>(begin, end); return;
    case Unary.rsqrt: map<Rsqrt>(begin, end); return;
    case Unary.square: map<Square>(begin, end); return;
    case Unary.reciprocal: map<Reciprocal>(begin, end); return;
    case Unary.sin: map<Sin>(begin, end); return;
    case Unary.cos: map<Cos>(begin, end); return;
    case Unary.tan: map<Tan>(begin, end); return;
    case Unary.atan: map<Atan>(begin, end); return;
    case Unary.tanh: map<Tanh>(begin, end); return;
    case Unary.sigmoid: map<Sigmoid>(begin, end); return;
    case Unary.softplus: map<Softplus>(begin, end); return;
    case Unary.relu: map<Relu>(begin, end); return;
    case Unary.erf: map<Erf>(begin, end); return;
    case Unary.gelu: map<Gelu>(begin, end); return;
    case Unary.geluTanh: map<GeluTanh>(begin, end); return;
    case Unary.silu: map<Silu>(begin, end); return;
    case Unary.floor: map<Floor>(begin, end); return;
    case Unary.ceil: map<Ceil>(begin, end); return;
    case Unary.round: map<Round>(begin, end); return;
  }
}

/** float32 or bool → bool. An item is 16 elements. Arguments: 0 operation, 1 x, 2 y. */
export function predicate(begin: i32, end: i32, thread: i32): void {
  let y = pointer(2) + (<usize>begin << 4);
  const op = int(0);
  if (op == Unary.logicalNot) {
    let x = pointer(1) + (<usize>begin << 4);
    for (let i = end - begin; i > 0; --i) {
      v128.store(y, v128.and(i8x16.eq(v128.load(x), i8x16.splat(0)), i8x16.splat(1)));
      x += 16;
      y += 16;
    }
    return;
  }
  let x = pointer(1) + (<usize>begin << 6);
  for (let i = (end - begin) << 2; i > 0; --i) {
    const v = v128.load(x);
    storeMask(y, op == Unary.isNaN ? f32x4.ne(v, v) : f32x4.lt(f32x4.abs(v), f32x4.splat(Infinity)));
    x += 16;
    y += 4;
  }
}
