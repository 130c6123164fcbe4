/**
 * Short convolutions as products of polynomials at five points, 0, 1, −1, ½ and ∞: five multiplications give four sums of two taps, or three of
 * three, in place of eight and nine; in two dimensions 25 in place of 64 and 81. Winograd 1980, "Arithmetic complexity of computations",
 * theorem 6; Lavin and Gray 2015, arXiv:1509.09308.
 *
 * With d five neighbours of the signal, w the taps: sums = collect(evaluate(w)·scale ⊙ spread(d)). Vectors run over channels.
 */

import { madd, nmadd } from "./vectors";

/** Points along one side of a tile. */
export const SIDE: i32 = 5;
/** Products of a tile. */
export const POINTS: i32 = 25;
/** Bytes of a list of addresses; the taps' one has their sources behind. */
export const LIST: usize = 256;
/** Bytes of the working space of one transform: a tile half done, and one done. */
export const WORKSPACE: usize = 800;

/** Between what belongs to two points: without it, strides of powers of two would put all 25 into one set of the cache. */
export const GAP: usize = 64;

/** Where the second half of the working space begins: what `collectTile` leaves, [5][5] vectors, the first `count` of each used. */
export const COLLECTED: usize = 400;
/** Bytes from a row of it to the next. */
export const COLLECTED_ROW: usize = 80;

@inline function half(): v128 { return f32x4.splat(0.5); }

/** The signal's side: coefficients of Π(x − other points). */
@inline function spread(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, to: usize, step: usize): void {
  const h = half(), d31 = f32x4.sub(d3, d1), d12 = f32x4.sub(d1, d2);
  v128.store(to, madd(h, f32x4.sub(d0, d2), d31));
  v128.store(to + step, nmadd(h, d12, d3));
  v128.store(to + 2 * step, madd(h, d12, f32x4.sub(d3, d2)));
  v128.store(to + 3 * step, d31);
  v128.store(to + 4 * step, nmadd(h, d31, f32x4.sub(d4, d2)));
}

/** A polynomial with `count` coefficients from `from` on, at the five points; `scaled` by 1 / Π(point − other points). */
@inline function evaluate(count: i32, scaled: bool, d0: v128, d1: v128, d2: v128, d3: v128, to: usize, step: usize): void {
  const h = half();
  const even = count > 2 ? f32x4.add(d0, d2) : d0, odd = count > 3 ? f32x4.add(d1, d3) : d1;
  const inner = count > 3 ? madd(h, d3, d2) : d2;
  const atHalf = madd(h, count > 2 ? madd(h, inner, d1) : d1, d0), last = count > 3 ? d3 : count > 2 ? d2 : d1;
  v128.store(to, scaled ? f32x4.add(d0, d0) : d0);
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, scaled ? f32x4.mul(f32x4.splat(1.0 / 3.0), f32x4.sub(odd, even)) : f32x4.sub(even, odd));
  v128.store(to + 3 * step, scaled ? f32x4.mul(f32x4.splat(-8.0 / 3.0), atHalf) : atHalf);
  v128.store(to + 4 * step, last);
}

/** The transpose of `evaluate`: `count` sums, with the same scale. */
@inline function collect(count: i32, scaled: bool, a0: v128, a1: v128, a2: v128, a3: v128, a4: v128, to: usize, step: usize): void {
  const h = half();
  if (scaled) {
    a0 = f32x4.add(a0, a0);
    a2 = f32x4.mul(f32x4.splat(-1.0 / 3.0), a2);
    a3 = f32x4.mul(f32x4.splat(-8.0 / 3.0), a3);
  }
  const sum = f32x4.add(a1, a2), difference = f32x4.sub(a1, a2);
  v128.store(to, f32x4.add(f32x4.add(a0, a3), sum));
  const y1 = madd(h, a3, difference);
  if (count == 2) {
    v128.store(to + step, f32x4.add(y1, a4));
    return;
  }
  v128.store(to + step, y1);
  const quarter = f32x4.mul(h, a3), y2 = madd(h, quarter, sum);
  if (count == 3) {
    v128.store(to + 2 * step, f32x4.add(y2, a4));
    return;
  }
  v128.store(to + 2 * step, y2);
  v128.store(to + 3 * step, f32x4.add(madd(f32x4.splat(0.25), quarter, difference), a4));
}

/** The vector that the n-th address of a list leads to, `at` bytes on. */
@inline function follow(list: usize, n: i32, at: usize): v128 { return v128.load(load<usize>(list + (<usize>n << 2)) + at); }

/** A tile of 5 × 5 vectors, through their addresses, to its 25 points, `step` bytes apart. */
export function spreadTile(list: usize, at: usize, workspace: usize, to: usize, step: usize): void {
  for (let j = 0; j < SIDE; j++) {
    const p = list + (<usize>j << 2);
    spread(follow(p, 0, at), follow(p, 5, at), follow(p, 10, at), follow(p, 15, at), follow(p, 20, at), workspace + (<usize>j << 4), 80);
  }
  for (let i = 0; i < SIDE; i++) {
    spread(v128.load(workspace), v128.load(workspace, 16), v128.load(workspace, 32), v128.load(workspace, 48), v128.load(workspace, 64), to, step);
    workspace += 80;
    to += 5 * step;
  }
}

@inline function evaluateSquare(count: i32, scaled: bool, list: usize, at: usize, workspace: usize, to: usize, step: usize): void {
  for (let j = 0; j < count; j++) {
    const p = list + (<usize>j << 2), d0 = follow(p, 0, at), d1 = follow(p, 5, at);
    evaluate(count, scaled, d0, d1, count > 2 ? follow(p, 10, at) : d1, count > 3 ? follow(p, 15, at) : d1, workspace + (<usize>j << 4), 80);
  }
  for (let i = 0; i < SIDE; i++) {
    evaluate(count, scaled, v128.load(workspace), v128.load(workspace, 16), v128.load(workspace, 32), v128.load(workspace, 48), to, step);
    workspace += 80;
    to += 5 * step;
  }
}

/** `count` × `count` vectors, 2 to 4, through a list of addresses with 5 a row, at the 25 points. */
export function evaluateTile(count: i32, list: usize, at: usize, workspace: usize, to: usize, step: usize): void {
  if (count == 4) evaluateSquare(4, false, list, at, workspace, to, step);
  else evaluateSquare(3, false, list, at, workspace, to, step);
}

/** The same for taps, 2 × 2 or 3 × 3, which carry the scale. */
export function evaluateTaps(count: i32, list: usize, at: usize, workspace: usize, to: usize, step: usize): void {
  if (count == 2) evaluateSquare(2, true, list, at, workspace, to, step);
  else evaluateSquare(3, true, list, at, workspace, to, step);
}

@inline function collectSquare(count: i32, scaled: bool, from: usize, step: usize, workspace: usize): void {
  const row = 5 * step;
  for (let j = 0; j < SIDE; j++) {
    collect(count, scaled, v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row), v128.load(from + 4 * row), workspace + (<usize>j << 4), 80);
    from += step;
  }
  for (let i = 0; i < count; i++) {
    const w = workspace + <usize>i * 80;
    collect(count, scaled, v128.load(w), v128.load(w, 16), v128.load(w, 32), v128.load(w, 48), v128.load(w, 64), w + COLLECTED, 16);
  }
}

/** 25 products, `step` bytes apart, to `count` × `count` sums, 3 or 4, in the second half of the working space. */
export function collectTile(count: i32, from: usize, step: usize, workspace: usize): void {
  if (count == 4) collectSquare(4, false, from, step, workspace);
  else collectSquare(3, false, from, step, workspace);
}

/** The same for the gradient by taps, which carries their scale. */
export function collectTaps(count: i32, from: usize, step: usize, workspace: usize): void {
  if (count == 2) collectSquare(2, true, from, step, workspace);
  else collectSquare(3, true, from, step, workspace);
}
