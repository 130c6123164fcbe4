/** Host data with its axes in another order. */

import type { TypedArray } from "@dl/core";

/** Elements in another order of axes. */
export function permuted<T extends TypedArray | Int8Array>(data: T, shape: readonly number[], permutation: readonly number[]): T {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const sizes = permutation.map((axis) => shape[axis]!);
  const steps = permutation.map((axis) => strides[axis]!);
  const result = data.slice() as T;
  const index = sizes.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    let at = 0;
    for (let axis = 0; axis < index.length; axis++) at += index[axis]! * steps[axis]!;
    result[i] = data[at]!;
    for (let axis = index.length - 1; axis >= 0 && ++index[axis]! === sizes[axis]; axis--) index[axis] = 0;
  }
  return result;
}
