/** The same elements under another shape; nothing is copied. */

import { ShapeError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { checkShape, formatShape, normalizeAxes, normalizeAxis, type Shape, sameShape, sizeOf } from "../shape.ts";
import { type Scalar, shareStorage, type Tensor } from "../tensor.ts";
import { requireTensor } from "./apply.ts";

/** One size may be −1: it takes what is left. */
export function reshape(x: Tensor, shape: readonly []): Scalar;
export function reshape(x: Tensor, shape: Shape): Tensor;
export function reshape(x: Tensor, shape: Shape): Tensor {
  requireTensor("reshape", x);
  const open = shape.indexOf(-1);
  let target = shape;
  if (open >= 0) {
    const known = sizeOf(shape.filter((_, i) => i !== open));
    target = shape.map((size, i) => (i === open ? (known === 0 ? 0 : x.size / known) : size));
  }
  const fits = target.every((size) => Number.isInteger(size) && size >= 0) && sizeOf(target) === x.size;
  if (!fits)
    throw new ShapeError(`reshape: expected a shape of ${x.size} elements (input ${formatShape(x.shape)}), got ${formatShape(shape)}.`);
  if (sameShape(target, x.shape)) return x;
  checkShape("reshape", target);
  return differentiable(shareStorage(x, target), [x], [(g) => reshape(g, x.shape)]);
}

/** A new axis of size 1 before `axis`; −1 puts it last. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("expandDims", axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Without the axes of size 1, or without the named ones. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const drop = axes === undefined ? [...x.shape.keys()].filter((axis) => x.shape[axis] === 1) : normalizeAxes("squeeze", axes, x.rank);
  for (const axis of drop) {
    if (x.shape[axis] !== 1) throw new ShapeError(`squeeze: expected size 1 at axis ${axis}, got ${formatShape(x.shape)}.`);
  }
  return reshape(
    x,
    x.shape.filter((_, axis) => !drop.includes(axis)),
  );
}

/** `[B, …]` → `[B, rest]`: all axes from `from` on become one. */
export function flatten(x: Tensor, { from = 1 }: { from?: number } = {}): Tensor {
  const start = normalizeAxis("flatten", from, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, start), sizeOf(x.shape.slice(start))]);
}
