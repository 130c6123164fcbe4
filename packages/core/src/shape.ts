/** Arithmetic on shapes: sizes, broadcasting, axes. */

import { OptionError, ShapeError } from "./errors.ts";

/** Sizes of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements: the product of the sizes, 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, as error messages print it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The shape both broadcast to, by NumPy's rule: axes align at the right, and a size of 1 stretches. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const left = a[a.length - i] ?? 1;
    const right = b[b.length - i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${where}: expected shapes that broadcast (equal sizes, or 1, counted from the last axis), got ${formatShape(a)} and ${formatShape(b)}: axis −${i} is ${left} and ${right}.`,
      );
    }
    shape[rank - i] = left === 1 ? right : left;
  }
  return shape;
}

/** `axis` counted from the front; negative counts from the back. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new OptionError(
      rank === 0
        ? `${where}: expected a tensor with at least one axis, got a scalar.`
        : `${where}: expected an axis from ${-rank} to ${rank - 1}, got ${axis}.`,
    );
  }
  return normal;
}

/** Sorted, distinct, non-negative axes; all of them when `axes` is undefined. */
export function normalizeAxes(where: string, axes: number | readonly number[] | undefined, rank: number): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  if (typeof axes === "number") return [normalizeAxis(where, axes, rank)];
  const normal = axes.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  for (let i = 1; i < normal.length; i++) {
    if (normal[i] === normal[i - 1]) throw new OptionError(`${where}: expected distinct axes, got [${axes.join(", ")}].`);
  }
  return normal;
}

/** A shape seen along one axis: elements lie at `(outer · length + i) · inner + j`. */
export interface AxisView {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

export function axisView(shape: Shape, axis: number): AxisView {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** Throws unless `shape` holds non-negative whole numbers whose product can be addressed. */
export function checkShape(where: string, shape: Shape): void {
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw new ShapeError(`${where}: expected sizes that are whole numbers ≥ 0, got ${formatShape(shape)}.`);
    }
  }
  if (sizeOf(shape) > 2 ** 31 - 1) throw new ShapeError(`${where}: expected at most 2³¹ − 1 elements, got ${formatShape(shape)}.`);
}
