/** Functions of two tensors, element by element, with broadcasting. */

import { innerSize, rowOffset } from "./broadcast";
import { int, pointer } from "./control";
import { Binary } from "./generated/codes";
import * as mathematics from "./mathematics";
import { madd, storeSome } from "./vectors";

@inline function each(a: v128, b: v128, f: (a: f32, b: f32) => f32): v128 {
  return f32x4(
    f(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)), f(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)),
    f(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)), f(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
}
@inline function eachInt(a: v128, b: v128, f: (a: i32, b: i32) => i32): v128 {
  return i32x4(
    f(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)), f(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)),
    f(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)), f(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}
@inline function one(): v128 { return f32x4.splat(1); }

/** IEEE 754 has ±1 to the power of ±∞ as 1; ECMAScript, and Mathf after it, as NaN. */
function power(a: f32, b: f32): f32 {
  if (b != b) return b;
  return Mathf.abs(b) == Infinity && Mathf.abs(a) == 1 ? 1 : Mathf.pow(a, b);
}
/** The remainder with the sign of the divisor. */
function modulo(a: f32, b: f32): f32 {
  const r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
/** Truncates; 0 by 0, and wraps where the quotient has no int32, rather than trap. */
function intDivide(a: i32, b: i32): i32 { return b == 0 ? 0 : b == -1 ? -a : a / b; }
function intModulo(a: i32, b: i32): i32 {
  if (b == 0 || b == -1) return 0;
  const r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
function intPower(a: i32, b: i32): i32 {
  if (b < 0) return a == 1 ? 1 : a == -1 ? ((b & 1) ? -1 : 1) : 0;
  let result = 1;
  for (; b > 0; b >>= 1) {
    if (b & 1) result *= a;
    a *= a;
  }
  return result;
}

@unmanaged class Add { @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b); } }
@unmanaged class Subtract { @inline of(a: v128, b: v128): v128 { return f32x4.sub(a, b); } }
@unmanaged class Multiply { @inline of(a: v128, b: v128): v128 { return f32x4.mul(a, b); } }
@unmanaged class Divide { @inline of(a: v128, b: v128): v128 { return f32x4.div(a, b); } }
@unmanaged class Power { @inline of(a: v128, b: v128): v128 { return each(a, b, power); } }
@unmanaged class Maximum { @inline of(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
@unmanaged class Minimum { @inline of(a: v128, b: v128): v128 { return f32x4.min(a, b); } }
@unmanaged class Modulo { @inline of(a: v128, b: v128): v128 { return each(a, b, modulo); } }
@unmanaged class Atan2 { @inline of(a: v128, b: v128): v128 { return each(a, b, (y: f32, x: f32) => Mathf.atan2(y, x)); } }
@unmanaged class SquaredDifference {
  @inline of(a: v128, b: v128): v128 {
    const d = f32x4.sub(a, b);
    return f32x4.mul(d, d);
  }
}
@unmanaged class ReluGradient { @inline of(g: v128, y: v128): v128 { return v128.and(g, f32x4.gt(y, f32x4.splat(0))); } }
@unmanaged class TanhGradient { @inline of(g: v128, y: v128): v128 { return f32x4.mul(g, f32x4.sub(one(), f32x4.mul(y, y))); } }
@unmanaged class SigmoidGradient { @inline of(g: v128, y: v128): v128 { return f32x4.mul(g, f32x4.mul(y, f32x4.sub(one(), y))); } }
@unmanaged class GeluGradient {
  @inline of(g: v128, x: v128): v128 { return f32x4.mul(g, mathematics.geluSlope(x)); }
}
@unmanaged class GeluTanhGradient {
  // y = x·σ(u): y′ = σ + x·σ·(1 − σ)·u′.
  @inline of(g: v128, x: v128): v128 {
    const s = mathematics.sigmoid(mathematics.geluTanhArgument(x));
    const slope = f32x4.mul(f32x4.splat(1.5957691216057308), madd(f32x4.mul(f32x4.splat(0.134145), x), x, one()));
    const rest = f32x4.mul(f32x4.mul(x, slope), f32x4.sub(one(), s));
    return f32x4.mul(g, f32x4.mul(s, f32x4.add(one(), rest)));
  }
}
@unmanaged class SiluGradient {
  @inline of(g: v128, x: v128): v128 {
    const s = mathematics.sigmoid(x);
    return f32x4.mul(g, f32x4.mul(s, madd(x, f32x4.sub(one(), s), one())));
  }
}
@unmanaged class IntAdd { @inline of(a: v128, b: v128): v128 { return i32x4.add(a, b); } }
@unmanaged class IntSubtract { @inline of(a: v128, b: v128): v128 { return i32x4.sub(a, b); } }
@unmanaged class IntMultiply { @inline of(a: v128, b: v128): v128 { return i32x4.mul(a, b); } }
@unmanaged class IntDivide { @inline of(a: v128, b: v128): v128 { return eachInt(a, b, intDivide); } }
@unmanaged class IntPower { @inline of(a: v128, b: v128): v128 { return eachInt(a, b, intPower); } }
@unmanaged class IntMaximum { @inline of(a: v128, b: v128): v128 { return i32x4.max_s(a, b); } }
@unmanaged class IntMinimum { @inline of(a: v128, b: v128): v128 { return i32x4.min_s(a, b); } }
@unmanaged class IntModulo { @inline of(a: v128, b: v128): v128 { return eachInt(a, b, intModulo); } }
@unmanaged class IntSquaredDifference {
  @inline of(a: v128, b: v128): v128 {
    const d = i32x4.sub(a, b);
    return i32x4.mul(d, d);
  }
}

/** One run of `count` elements; a step of 0 repeats the operand's first element. Writes nothing past the end. */
@inline function run<T>(a: usize, b: usize, y: usize, count: i32, aStep: i32, bStep: i32): void {
  const f = changetype<T>(0);
  let i = count >> 2;
  if (!bStep) {
    const right = v128.load32_splat(b);
    for (; i > 0; --i) {
      v128.store(y, f.of(v128.load(a), right));
      a += 16;
      y += 16;
    }
  } else if (!aStep) {
    const left = v128.load32_splat(a);
    for (; i > 0; --i) {
      v128.store(y, f.of(left, v128.load(b)));
      b += 16;
      y += 16;
    }
  } else {
    for (; i > 0; --i) {
      v128.store(y, f.of(v128.load(a), v128.load(b)));
      a += 16;
      b += 16;
      y += 16;
    }
  }
  if (count & 3) {
    const left = aStep ? v128.load(a) : v128.load32_splat(a), right = bStep ? v128.load(b) : v128.load32_splat(b);
    storeSome(y, f.of(left, right), count & 3);
  }
}

function runs<T>(begin: i32, end: i32): void {
  const rank = int(4), aStep = int(5), bStep = int(6);
  const a = pointer(1), b = pointer(2), y = pointer(3);
  if (rank == 0) {
    // One run over everything; an item is 16 elements.
    const at = <usize>begin << 6;
    run<T>(aStep ? a + at : a, bStep ? b + at : b, y + at, (end - begin) << 4, aStep, bStep);
    return;
  }
  const count = innerSize(rank);
  for (let row = begin; row < end; row++) {
    run<T>(a + (<usize>rowOffset(row, 0, rank) << 2), b + (<usize>rowOffset(row, 1, rank) << 2), y + (<usize>row * <usize>count << 2), count, aStep, bStep);
  }
}

type Run = (begin: i32, end: i32) => void;

// Each a function of its own, called through the table: inlined into one, they would share its registers.
function wholeRun(op: i32): Run | null {
  switch (op) {
    case Binary.add: return (begin, end) => runs<IntAdd>(begin, end);
    case Binary.subtract: return (begin, end) => runs<IntSubtract>(begin, end);
    case Binary.multiply: return (begin, end) => runs<IntMultiply>(begin, end);
    case Binary.divide: return (begin, end) => runs<IntDivide>(begin, end);
    case Binary.power: return (begin, end) => runs<IntPower>(begin, end);
    case Binary.maximum: return (begin, end) => runs<IntMaximum>(begin, end);
    case Binary.minimum: return (begin, end) => runs<IntMinimum>(begin, end);
    case Binary.modulo: return (begin, end) => runs<IntModulo>(begin, end);
    case Binary.squaredDifference: return (begin, end) => runs<IntSquaredDifference>(begin, end);
  }
  return null;
}
function floatRun(op: i32): Run | null {
  switch (op) {
    case Binary.add: return (begin, end) => runs<Add>(begin, end);
    case Binary.subtract: return (begin, end) => runs<Subtract>(begin, end);
    case Binary.multiply: return (begin, end) => runs<Multiply>(begin, end);
    case Binary.divide: return (begin, end) => runs<Divide>(begin, end);
    case Binary.power: return (begin, end) => runs<Power>(begin, end);
    case Binary.maximum: return (begin, end) => runs<Maximum>(begin, end);
    case Binary.minimum: return (begin, end) => runs<Minimum>(begin, end);
    case Binary.modulo: return (begin, end) => runs<Modulo>(begin, end);
    case Binary.atan2: return (begin, end) => runs<Atan2>(begin, end);
    case Binary.squaredDifference: return (begin, end) => runs<SquaredDifference>(begin, end);
    case Binary.reluGradient: return (begin, end) => runs<ReluGradient>(begin, end);
    case Binary.tanhGradient: return (begin, end) => runs<TanhGradient>(begin, end);
    case Binary.sigmoidGradient: return (begin, end) => runs<SigmoidGradient>(begin, end);
    case Binary.geluGradient: return (begin, end) => runs<GeluGradient>(begin, end);
    case Binary.geluTanhGradient: return (begin, end) => runs<GeluTanhGradient>(begin, end);
    case Binary.siluGradient: return (begin, end) => runs<SiluGradient>(begin, end);
  }
  return null;
}

/** An item is 16 elements when rank is 0, else a row. Arguments: 0 operation, 1 a, 2 b, 3 y, 4 rank, 5 step of a, 6 step of b, 7 int32. */
export function binary(begin: i32, end: i32, thread: i32): void {
  const run = int(7) ? wholeRun(int(0)) : floatRun(int(0));
  if (run) run(begin, end);
}
