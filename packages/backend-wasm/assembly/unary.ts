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
@unmanaged class Gelu { @inline of(x: v128): v128 { return mathematics.gelu(x); } }
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

type Run = (begin: i32, end: i32) => void;

// Each loop a function of its own, called through the table: inlined into one, they would share its registers and run at half the speed.
function wholeRun(op: i32): Run | null {
  switch (op) {
    case Unary.abs: return (begin, end) => map<IntAbs>(begin, end);
    case Unary.negate: return (begin, end) => map<IntNegate>(begin, end);
    case Unary.sign: return (begin, end) => map<IntSign>(begin, end);
    case Unary.square: return (begin, end) => map<IntSquare>(begin, end);
  }
  return null;
}
function floatRun(op: i32): Run | null {
  switch (op) {
    case Unary.abs: return (begin, end) => map<Abs>(begin, end);
    case Unary.negate: return (begin, end) => map<Negate>(begin, end);
    case Unary.sign: return (begin, end) => map<Sign>(begin, end);
    case Unary.exp: return (begin, end) => map<Exp>(begin, end);
    case Unary.expm1: return (begin, end) => map<Expm1>(begin, end);
    case Unary.log: return (begin, end) => map<Log>(begin, end);
    case Unary.log1p: return (begin, end) => map<Log1p>(begin, end);
    case Unary.sqrt: return (begin, end) => map<Sqrt>(begin, end);
    case Unary.rsqrt: return (begin, end) => map<Rsqrt>(begin, end);
    case Unary.square: return (begin, end) => map<Square>(begin, end);
    case Unary.reciprocal: return (begin, end) => map<Reciprocal>(begin, end);
    case Unary.sin: return (begin, end) => map<Sin>(begin, end);
    case Unary.cos: return (begin, end) => map<Cos>(begin, end);
    case Unary.tan: return (begin, end) => map<Tan>(begin, end);
    case Unary.atan: return (begin, end) => map<Atan>(begin, end);
    case Unary.tanh: return (begin, end) => map<Tanh>(begin, end);
    case Unary.sigmoid: return (begin, end) => map<Sigmoid>(begin, end);
    case Unary.softplus: return (begin, end) => map<Softplus>(begin, end);
    case Unary.relu: return (begin, end) => map<Relu>(begin, end);
    case Unary.erf: return (begin, end) => map<Erf>(begin, end);
    case Unary.gelu: return (begin, end) => map<Gelu>(begin, end);
    case Unary.geluTanh: return (begin, end) => map<GeluTanh>(begin, end);
    case Unary.silu: return (begin, end) => map<Silu>(begin, end);
    case Unary.floor: return (begin, end) => map<Floor>(begin, end);
    case Unary.ceil: return (begin, end) => map<Ceil>(begin, end);
    case Unary.round: return (begin, end) => map<Round>(begin, end);
  }
  return null;
}

/** An item is 16 elements. Arguments: 0 operation, 1 x, 2 y, 3 int32. */
export function unary(begin: i32, end: i32, thread: i32): void {
  const run = int(3) ? wholeRun(int(0)) : floatRun(int(0));
  if (run) run(begin, end);
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
