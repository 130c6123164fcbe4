/**
 * How two inputs run side by side through a broadcast result: as few planes of rows and columns as the shapes allow.
 * Equal shapes, a scalar, a row and a column are one plane, so that one call of the operation's loop does it all.
 */

import { type Shape, sameShape, sizeOf, type TypedArray } from "@dl/core";

/** Writes `rows · columns` results from `out[at]` on; input a starts at `ai` and moves by `ar` a row and `ac` a column, b likewise. */
export type PairLoop<In extends TypedArray, Out extends TypedArray> = (
  a: In,
  ai: number,
  ar: number,
  ac: number,
  b: In,
  bi: number,
  br: number,
  bc: number,
  out: Out,
  at: number,
  rows: number,
  columns: number,
) => void;

export function runPair<In extends TypedArray, Out extends TypedArray>(
  loop: PairLoop<In, Out>,
  a: In,
  aShape: Shape,
  b: In,
  bShape: Shape,
  out: Out,
  shape: Shape,
): void {
  const n = out.length;
  if (n === 0) return;
  if (a.length === n && b.length === n) loop(a, 0, 0, 1, b, 0, 0, 1, out, 0, 1, n);
  else if (a.length === n && b.length === 1) loop(a, 0, 0, 1, b, 0, 0, 0, out, 0, 1, n);
  else if (a.length === 1 && b.length === n) loop(a, 0, 0, 0, b, 0, 0, 1, out, 0, 1, n);
  else if (a.length === n && isTail(bShape, shape)) loop(a, 0, b.length, 1, b, 0, 0, 1, out, 0, n / b.length, b.length);
  else if (b.length === n && isTail(aShape, shape)) loop(a, 0, 0, 1, b, 0, a.length, 1, out, 0, n / a.length, a.length);
  else runPlanes(loop, a, aShape, b, bShape, out, shape);
}

/** Whether `part`, without leading ones, is how `shape` ends: its elements then repeat as a row. */
function isTail(part: Shape, shape: Shape): boolean {
  let first = 0;
  while (first < part.length && part[first] === 1) first++;
  for (let i = part.length - 1, j = shape.length - 1; i >= first; i--, j--) if (part[i] !== shape[j]) return false;
  return true;
}

function runPlanes<In extends TypedArray, Out extends TypedArray>(
  loop: PairLoop<In, Out>,
  a: In,
  aShape: Shape,
  b: In,
  bShape: Shape,
  out: Out,
  shape: Shape,
): void {
  const { sizes, strides } = mergeAxes(shape, [broadcastStrides(aShape, shape), broadcastStrides(bShape, shape)]);
  const [aStrides, bStrides] = strides as [number[], number[]];
  // The last two axes are the plane; an odometer turns the others.
  while (sizes.length < 2) {
    sizes.unshift(1);
    aStrides.unshift(0);
    bStrides.unshift(0);
  }
  const outer = sizes.length - 2;
  const rows = sizes[outer]!;
  const columns = sizes[outer + 1]!;
  const plane = rows * columns;
  const place = new Array<number>(outer).fill(0);
  let ai = 0;
  let bi = 0;
  for (let at = 0; at < out.length; at += plane) {
    loop(a, ai, aStrides[outer]!, aStrides[outer + 1]!, b, bi, bStrides[outer]!, bStrides[outer + 1]!, out, at, rows, columns);
    for (let axis = outer - 1; axis >= 0; axis--) {
      ai += aStrides[axis]!;
      bi += bStrides[axis]!;
      if (++place[axis]! < sizes[axis]!) break;
      place[axis] = 0;
      ai -= aStrides[axis]! * sizes[axis]!;
      bi -= bStrides[axis]! * sizes[axis]!;
    }
  }
}

/** Strides by which `part` runs through `shape`: 0 along the axes it is stretched over. */
export function broadcastStrides(part: Shape, shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let i = part.length - 1, j = shape.length - 1; i >= 0; i--, j--) {
    if (part[i] !== 1) strides[j] = stride;
    stride *= part[i]!;
  }
  return strides;
}

/** The same walk with as few axes as possible: axes of one element go, and neighbours that every input crosses in one stride merge. */
export function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): { sizes: number[]; strides: number[][] } {
  const sizes: number[] = [];
  const merged: number[][] = strides.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    if (size === 1) continue;
    const last = sizes.length - 1;
    if (last >= 0 && strides.every((stride, input) => merged[input]![last] === stride[axis]! * size)) {
      sizes[last]! *= size;
      for (let input = 0; input < strides.length; input++) merged[input]![last] = strides[input]![axis]!;
    } else {
      sizes.push(size);
      for (let input = 0; input < strides.length; input++) merged[input]!.push(strides[input]![axis]!);
    }
  }
  return { sizes, strides: merged };
}

/** `x` has the result's size already, or it is one element. */
export function isFullOrScalar(x: Shape, shape: Shape): boolean {
  return sameShape(x, shape) || sizeOf(x) === 1 || sizeOf(x) === sizeOf(shape);
}
