/** Plain data with a shape: what datasets hold and what `compute` returns. Owns no device memory. */

import { type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { DtypeError, ShapeError } from "./errors.ts";
import { checkShape, formatShape, type Shape, sizeOf, stridesOf } from "./shape.ts";

export interface HostTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Row-major, contiguous; `Uint8Array` for `bool`. */
  readonly data: TypedArray;
}

/** A host tensor over `data`, which is not copied. */
export function hostTensor(data: TypedArray, shape: Shape): HostTensor {
  // [0.5, 4] has two elements, and no rows.
  checkShape("hostTensor", shape);
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`hostTensor: expected ${sizeOf(shape)} elements for shape ${formatShape(shape)}, got ${data.length}.`);
  }
  return { shape, dtype: dtypeOf(data), data };
}

/** Numbers nested to any depth: `1`, `[1, 2]`, `[[1, 2], [3, 4]]`. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** Nested arrays as a float32 (or int32) host tensor; every level must be rectangular. */
export function fromNested(values: NestedNumbers, dtype: "float32" | "int32" = "float32"): HostTensor {
  const shape: number[] = [];
  // A boolean or a string, from JavaScript, would end as a shape of undefined.
  const check = (level: NestedNumbers): void => {
    if (typeof level !== "number" && !Array.isArray(level))
      throw new DtypeError(`tensor: expected numbers in nested arrays, got ${typeof level}.`);
  };
  for (let level = values; typeof level !== "number"; level = level[0]!) {
    check(level);
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const data = dtype === "float32" ? new Float32Array(sizeOf(shape)) : new Int32Array(sizeOf(shape));
  let next = 0;
  const visit = (level: NestedNumbers, depth: number): void => {
    check(level);
    if (typeof level === "number" ? depth !== shape.length : level.length !== shape[depth]) {
      throw new ShapeError(`tensor: expected nested arrays of one shape, ${formatShape(shape)} by their first elements, got a ragged one.`);
    }
    if (typeof level === "number") {
      if (dtype === "int32") checkInt32("tensor", level);
      data[next++] = level;
    } else for (const inner of level) visit(inner, depth + 1);
  };
  visit(values, 0);
  return { shape, dtype, data };
}

/** Throws unless an int32 holds `value`, its fraction cut off: storing another would wrap around, and NaN would be 0. */
export function checkInt32(where: string, value: number): void {
  if (value > -(2 ** 31) - 1 && value < 2 ** 31) return;
  throw new DtypeError(`${where}: expected numbers that int32 holds, from −2³¹ to 2³¹ − 1, got ${value}.`);
}

/** The inverse of `fromNested`, for printing and for tests. */
export function toNested({ shape, data }: HostTensor): NestedNumbers {
  let next = 0;
  const build = (depth: number): NestedNumbers =>
    depth === shape.length ? data[next++]! : Array.from({ length: shape[depth]! }, () => build(depth + 1));
  return build(0);
}

/**
 * The axes in another order, copied on the host: axis i of the result is axis `order[i]`. For files of other layouts; on a device, `transpose`.
 *
 * @example
 * permuteHost(fromNested([[1, 2, 3], [4, 5, 6]]), [1, 0]); // float32 [3, 2]
 */
export function permuteHost({ shape: from, dtype, data: source }: HostTensor, order: readonly number[]): HostTensor {
  if (order.length !== from.length || from.some((_, axis) => !order.includes(axis))) {
    throw new ShapeError(`permuteHost: expected an order of the axes of ${formatShape(from)}, got [${order.join(", ")}].`);
  }
  const shape = order.map((axis) => from[axis]!);
  const strides = stridesOf(from);
  const steps = order.map((axis) => strides[axis]!);
  const data = source.slice();
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = source[at]!;
    // The next index, counted like an odometer, and the place it has in the source.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * steps[axis]!;
      index[axis] = 0;
    }
  }
  return { shape, dtype, data };
}
