/** Copies a strided view into a contiguous buffer: what broadcast, transpose, slice and flip are. */

import type { Shape, TypedArray } from "@dl/core";
import { mergeAxes } from "./broadcast-pair.ts";

/** From this length on, a copy by `set` is faster than a loop (it makes a view first). */
const bulk = 64;
/** Side of the square blocks a plane is transposed in: both sides of a block stay in the first-level cache. */
const tile = 16;

/** Fills `out` with the elements of `x` at `offset + Σ place[i] · strides[i]`, over all places in `shape`. */
export function stridedCopy(x: TypedArray, out: TypedArray, shape: Shape, strides: readonly number[], offset: number): void {
  if (out.length === 0) return;
  const merged = mergeAxes(shape, [strides]);
  const sizes = merged.sizes;
  const steps = merged.strides[0]!;
  while (sizes.length < 2) {
    sizes.unshift(1);
    steps.unshift(0);
  }
  const outer = sizes.length - 2;
  const plane = sizes[outer]! * sizes[outer + 1]!;
  const place = new Array<number>(outer).fill(0);
  let from = offset;
  for (let at = 0; at < out.length; at += plane) {
    copyPlane(x, from, steps[outer]!, steps[outer + 1]!, out, at, sizes[outer]!, sizes[outer + 1]!);
    for (let axis = outer - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < sizes[axis]!) break;
      place[axis] = 0;
      from -= steps[axis]! * sizes[axis]!;
    }
  }
}

function copyPlane(
  x: TypedArray,
  from: number,
  rowStep: number,
  columnStep: number,
  out: TypedArray,
  at: number,
  rows: number,
  columns: number,
): void {
  if (columnStep === 1 && columns >= bulk) {
    for (let r = 0; r < rows; r++, from += rowStep, at += columns) out.set(x.subarray(from, from + columns), at);
  } else if (columnStep === 0 && columns >= bulk) {
    for (let r = 0; r < rows; r++, from += rowStep, at += columns) out.fill(x[from]!, at, at + columns);
  } else if (rowStep === 1 && rows >= tile && columns >= tile) {
    for (let r0 = 0; r0 < rows; r0 += tile) {
      const r1 = Math.min(r0 + tile, rows);
      for (let c0 = 0; c0 < columns; c0 += tile) {
        const c1 = Math.min(c0 + tile, columns);
        for (let r = r0; r < r1; r++) {
          for (let c = c0, i = from + r + c0 * columnStep, o = at + r * columns + c0; c < c1; c++, i += columnStep) out[o++] = x[i]!;
        }
      }
    }
  } else {
    for (let r = 0; r < rows; r++, from += rowStep) {
      for (let c = 0, i = from; c < columns; c++, i += columnStep) out[at++] = x[i]!;
    }
  }
}
