/**
 * Elementary functions on four float32 lanes, within a few units in the last place; NaN in, NaN out.
 * Ranges and coefficients of exp and log: Moshier, Cephes, single precision. Those of erf and tanh: fits made for this file.
 */

import { madd, nmadd } from "./vectors";

// Constants inside loops are read from memory, load32_splat(memory.data(…)): V8 would build a literal vector anew in each turn, in four
// instructions instead of one.

/** The comparisons are ordered so that a NaN in x survives: pmin(a, b) is b < a ? b : a. */
@inline function clamp(x: v128, low: f32, high: f32): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(high)), f32x4.splat(low));
}

/** eʳ for the rest r = x − n·ln 2, |r| ≤ ½ ln 2. */
@inline function expOfRest(bounded: v128, n: v128): v128 {
  let r = nmadd(n, v128.load32_splat(memory.data<f32>([0.693359375])), bounded);
  r = madd(n, v128.load32_splat(memory.data<f32>([2.12194440e-4])), r);
  // In pairs, as Estrin did: fewer steps wait for one another.
  const r2 = f32x4.mul(r, r);
  const p5 = madd(v128.load32_splat(memory.data<f32>([1.9875691500e-4])), r, v128.load32_splat(memory.data<f32>([1.3981999507e-3])));
  const p3 = madd(v128.load32_splat(memory.data<f32>([8.3334519073e-3])), r, v128.load32_splat(memory.data<f32>([4.1665795894e-2])));
  const p1 = madd(v128.load32_splat(memory.data<f32>([1.6666665459e-1])), r, v128.load32_splat(memory.data<f32>([5.0000001201e-1])));
  const p = madd(madd(p5, r2, p3), r2, p1);
  return f32x4.add(madd(p, r2, r), v128.load32_splat(memory.data<f32>([1])));
}

/** 1.5 · 2²³: a float of size below 2²² plus it has its nearest whole number in its low bits. */
@inline function rounder(): v128 { return v128.load32_splat(memory.data<f32>([12582912])); }

@inline export function exp(x: v128): v128 {
  const bounded = clamp(x, -104, 89);
  const shifted = madd(bounded, v128.load32_splat(memory.data<f32>([1.44269504088896341])), rounder());
  const p = expOfRest(bounded, f32x4.sub(shifted, rounder()));
  // 2ⁿ in two factors: n reaches 128 before the overflow and −150 in the denormals.
  const whole = i32x4.sub(shifted, rounder());
  const half = i32x4.shr_s(whole, 1);
  const one = i32x4.splat(127);
  const first = i32x4.shl(i32x4.add(half, one), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(whole, half), one), 23);
  return f32x4.mul(f32x4.mul(p, first), second);
}

/** exp with 0 for results below the normal floats: arithmetic on denormals costs a hundred cycles an element, and masked scores are all such. */
@inline export function expFlushed(x: v128): v128 {
  const bounded = clamp(x, -88, 89);
  const shifted = madd(bounded, v128.load32_splat(memory.data<f32>([1.44269504088896341])), rounder());
  const p = expOfRest(bounded, f32x4.sub(shifted, rounder()));
  // The rounder's bits above the low nine are shifted out; 127 − 127 is 2ⁿ = 0, 127 + 128 is ∞.
  return f32x4.mul(p, i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000)));
}

export function expm1(x: v128): v128 {
  // Near 0 the difference exp(x) − 1 cancels: the Taylor series instead, to 2⁻²⁶ on |x| < 1/2.
  let p = v128.load32_splat(memory.data<f32>([1.0 / 40320.0]));
  p = madd(p, x, v128.load32_splat(memory.data<f32>([1.0 / 5040.0])));
  p = madd(p, x, v128.load32_splat(memory.data<f32>([1.0 / 720.0])));
  p = madd(p, x, v128.load32_splat(memory.data<f32>([1.0 / 120.0])));
  p = madd(p, x, v128.load32_splat(memory.data<f32>([1.0 / 24.0])));
  p = madd(p, x, v128.load32_splat(memory.data<f32>([1.0 / 6.0])));
  p = madd(p, x, v128.load32_splat(memory.data<f32>([0.5])));
  const near = madd(f32x4.mul(x, x), p, x);
  // Not the flushed one: its last step to ∞ comes at 88.4, and e^88.7 is a float32 still.
  const far = f32x4.sub(exp(x), v128.load32_splat(memory.data<f32>([1])));
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), v128.load32_splat(memory.data<f32>([0.5]))));
}

@inline export function log(x: v128): v128 {
  const infinity = f32x4.splat(f32.MAX_VALUE * 2);
  const denormal = f32x4.lt(x, v128.load32_splat(memory.data<f32>([1.17549435e-38])));
  const scaled = v128.bitselect(f32x4.mul(x, v128.load32_splat(memory.data<f32>([8388608]))), x, denormal);
  // x = m·2ᵉ with m in [√½, √2).
  const offset = i32x4.sub(scaled, i32x4.splat(0x3f3504f3));
  const e = i32x4.sub(i32x4.shr_s(offset, 23), v128.and(denormal, i32x4.splat(23)));
  const m = i32x4.add(v128.and(offset, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const n = f32x4.convert_i32x4_s(e);
  const r = f32x4.sub(m, v128.load32_splat(memory.data<f32>([1])));
  const z = f32x4.mul(r, r);
  let p = v128.load32_splat(memory.data<f32>([7.0376836292e-2]));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([-1.1514610310e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([1.1676998740e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([-1.2420140846e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([1.4249322787e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([-1.6668057665e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([2.0000714765e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([-2.4999993993e-1])));
  p = madd(p, r, v128.load32_splat(memory.data<f32>([3.3333331174e-1])));
  p = f32x4.mul(f32x4.mul(p, r), z);
  p = madd(n, v128.load32_splat(memory.data<f32>([-2.12194440e-4])), p);
  p = nmadd(z, v128.load32_splat(memory.data<f32>([0.5])), p);
  let y = f32x4.add(madd(n, v128.load32_splat(memory.data<f32>([0.693359375])), r), p);
  y = v128.bitselect(x, y, f32x4.eq(x, infinity));
  y = v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, f32x4.splat(0)));
  // Negative and NaN alike: not (x ≥ 0).
  return v128.bitselect(y, f32x4.splat(f32.NaN), f32x4.ge(x, f32x4.splat(0)));
}

/** Kahan's correction: log(1 + x) · x / ((1 + x) − 1). */
export function log1p(x: v128): v128 {
  const u = f32x4.add(x, v128.load32_splat(memory.data<f32>([1])));
  const rounded = f32x4.sub(u, v128.load32_splat(memory.data<f32>([1])));
  const y = f32x4.mul(log(u), f32x4.div(x, rounded));
  const exact = v128.bitselect(x, y, f32x4.eq(rounded, f32x4.splat(0)));
  return v128.bitselect(x, exact, f32x4.eq(x, f32x4.splat(f32.MAX_VALUE * 2)));
}

/** tanh x ≈ x·P(x²)/Q(x²), both of degree 4, fitted for |x| ≤ 9 (relative error of the fit 2e-8), past which a float32 has no more than 1. */
@inline export function tanh(x: v128): v128 {
  const b = clamp(x, -9, 9);
  const z = f32x4.mul(b, b);
  let p = v128.load32_splat(memory.data<f32>([1.33550945e-8]));
  let q = v128.load32_splat(memory.data<f32>([7.77674588e-7]));
  p = madd(p, z, v128.load32_splat(memory.data<f32>([2.06094303e-5])));
  q = madd(q, z, v128.load32_splat(memory.data<f32>([3.2856709e-4])));
  p = madd(p, z, v128.load32_splat(memory.data<f32>([3.4956109e-3])));
  q = madd(q, z, v128.load32_splat(memory.data<f32>([2.58770706e-2])));
  p = madd(p, z, v128.load32_splat(memory.data<f32>([1.33810454e-1])));
  q = madd(q, z, v128.load32_splat(memory.data<f32>([4.6714361e-1])));
  p = madd(p, z, v128.load32_splat(memory.data<f32>([9.9999998e-1])));
  q = madd(q, z, v128.load32_splat(memory.data<f32>([1])));
  return clamp(f32x4.div(f32x4.mul(p, b), q), -1, 1);
}

@inline export function sigmoid(x: v128): v128 {
  return f32x4.div(v128.load32_splat(memory.data<f32>([1])), f32x4.add(v128.load32_splat(memory.data<f32>([1])), expFlushed(f32x4.neg(x))));
}

export function softplus(x: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1p(expFlushed(f32x4.neg(f32x4.abs(x)))));
}

/** erf on |x| < 1, an odd polynomial; relative error of the fit 2e-9. */
@inline function erfNear(x: v128): v128 {
  const s = f32x4.mul(x, x);
  let p = v128.load32_splat(memory.data<f32>([7.875875036e-5]));
  p = madd(p, s, v128.load32_splat(memory.data<f32>([-8.016864279e-4])));
  p = madd(p, s, v128.load32_splat(memory.data<f32>([5.189087422e-3])));
  p = madd(p, s, v128.load32_splat(memory.data<f32>([-2.685421201e-2])));
  p = madd(p, s, v128.load32_splat(memory.data<f32>([1.1283594715e-1])));
  p = madd(p, s, v128.load32_splat(memory.data<f32>([-3.7612626667e-1])));
  p = madd(p, s, v128.load32_splat(memory.data<f32>([1.12837916585])));
  return f32x4.mul(p, x);
}

/** 1 − erf(t) on t ≥ 0.9: exp of a polynomial, fitted to 4.2; relative error of the fit 4e-8. Past 4.2, where 1 − erf < 3e-9, that value. */
@inline function erfcFar(t: v128): v128 {
  const b = f32x4.pmin(t, v128.load32_splat(memory.data<f32>([4.2])));
  let p = v128.load32_splat(memory.data<f32>([1.5659348379731328e-6]));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([-4.4699463717396716e-5])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([5.857932936066249e-4])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([-4.7101516269987855e-3])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([2.6286862555380743e-2])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([-1.0985453879991698e-1])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([-6.320547385421486e-1])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([-1.1301054611649264])));
  p = madd(p, b, v128.load32_splat(memory.data<f32>([2.8985280634438726e-4])));
  return expFlushed(p);
}

export function erf(x: v128): v128 {
  const t = f32x4.abs(x);
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const far = v128.or(f32x4.sub(v128.load32_splat(memory.data<f32>([1])), erfcFar(t)), sign);
  return v128.bitselect(erfNear(x), far, f32x4.lt(t, v128.load32_splat(memory.data<f32>([0.95]))));
}

/** e^(−x²/2), 0 below the normal floats. */
@inline function bell(x: v128): v128 {
  return expFlushed(f32x4.mul(f32x4.mul(x, x), v128.load32_splat(memory.data<f32>([-0.5]))));
}

/**
 * The normal distribution function Φ(x), without cancellation on the left, from e^(−x²/2), which its density needs as well.
 * Mills' ratio (1 − Φ(t))/e^(−t²/2) as a polynomial in 1/(1 + 0.3·t), the form of Abramowitz and Stegun 26.2.17; relative error of the fit 1.3e-7 up to 13.5.
 */
@inline function cumulativeOfBell(x: v128, e: v128): v128 {
  const one = v128.load32_splat(memory.data<f32>([1]));
  const u = f32x4.div(one, madd(f32x4.abs(x), v128.load32_splat(memory.data<f32>([0.3])), one));
  // In pairs, Estrin's way: half as many steps wait for one another as in Horner's.
  const u2 = f32x4.mul(u, u);
  const p7 = madd(v128.load32_splat(memory.data<f32>([0.03593173763980891])), u, v128.load32_splat(memory.data<f32>([-0.15827600911506468])));
  const p5 = madd(v128.load32_splat(memory.data<f32>([0.20820661853750025])), u, v128.load32_splat(memory.data<f32>([-0.0553938563765202])));
  const p3 = madd(v128.load32_splat(memory.data<f32>([0.12946920460411968])), u, v128.load32_splat(memory.data<f32>([0.09963749205983076])));
  const p1 = madd(v128.load32_splat(memory.data<f32>([0.12079835856293591])), u, v128.load32_splat(memory.data<f32>([0.11962638971233254])));
  const p = madd(madd(p7, u2, p5), f32x4.mul(u2, u2), madd(p3, u2, p1));
  const tail = f32x4.mul(p, f32x4.mul(u, e));
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}

/** x·Φ(x). Hendrycks and Gimpel 2016, arXiv:1606.08415. */
@inline export function gelu(x: v128): v128 {
  return f32x4.mul(x, cumulativeOfBell(x, bell(x)));
}

/** Its slope Φ(x) + x·φ(x). */
@inline export function geluSlope(x: v128): v128 {
  const e = bell(x);
  return madd(f32x4.mul(x, v128.load32_splat(memory.data<f32>([0.39894228040143268]))), e, cumulativeOfBell(x, e));
}

/** 2·√(2/π)·(x + 0.044715·x³): GELU's tanh approximation is x·σ of it. Hendrycks and Gimpel 2016, arXiv:1606.08415. */
@inline export function geluTanhArgument(x: v128): v128 {
  const inner = madd(f32x4.mul(v128.load32_splat(memory.data<f32>([0.044715])), x), x, v128.load32_splat(memory.data<f32>([1])));
  return f32x4.mul(f32x4.mul(v128.load32_splat(memory.data<f32>([1.5957691216057308])), x), inner);
}
