/** Picking elements by index, and adding to elements by index: each is the other's way back. */

import { stopGradient } from "../custom-gradient.ts";
import { DataError, ShapeError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { axisView, checkShape, formatShape, normalizeAxis, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireDType, requireNumbers, requireTensor } from "./apply.ts";
import { cast } from "./cast.ts";
import { equal, where } from "./comparison.ts";
import type { AxisOption } from "./concat.ts";
import { range } from "./creation.ts";
import { reshape } from "./reshape.ts";

/**
 * Whole slices by number: `x [A…, n, B…]` and `indices [I…]` → `[A…, I…, B…]`. Indices are not checked on the device:
 * check labels and token ids where they enter, with `checkIndices`.
 */
export function gather(x: Tensor, indices: Tensor, { axis }: AxisOption): Tensor {
  requireTensor("gather", x);
  requireDType("gather", "int32", indices);
  const at = normalizeAxis("gather", axis, x.rank);
  const { outer, length, inner } = axisView(x.shape, at);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  const y = apply("gather", { shape, dtype: x.dtype }, (kernels) => kernels.gather(x, indices, outer, length, inner));
  return differentiable(y, [x], [(g) => scatterAdd(indices, g, { axis: at, shape: x.shape })]);
}

/** Zeros of `shape [A…, n, B…]` with slices of `updates [A…, I…, B…]` added at `indices [I…]` along `axis`; repeats add up. The way back of `gather`. */
export function scatterAdd(indices: Tensor, updates: Tensor, { axis, shape }: AxisOption & { shape: Shape }): Tensor {
  requireDType("scatterAdd", "int32", indices);
  requireNumbers("scatterAdd", updates);
  checkShape("scatterAdd", shape);
  const at = normalizeAxis("scatterAdd", axis, shape.length);
  const { outer, length, inner } = axisView(shape, at);
  const expected = [...shape.slice(0, at), ...indices.shape, ...shape.slice(at + 1)];
  if (!sameShape(updates.shape, expected)) {
    throw new ShapeError(`scatterAdd: expected updates of shape ${formatShape(expected)}, got ${formatShape(updates.shape)}.`);
  }
  const y = apply("scatterAdd", { shape, dtype: updates.dtype }, (kernels) => kernels.scatterAdd(indices, updates, outer, length, inner));
  return differentiable(y, [updates], [(g) => gather(g, indices, { axis: at })]);
}

/** Single elements along `axis`: `indices` has the shape of x but for that axis, and so has the result. */
export function takeAlong(x: Tensor, indices: Tensor, { axis }: AxisOption): Tensor {
  requireTensor("takeAlong", x);
  requireDType("takeAlong", "int32", indices);
  const at = normalizeAxis("takeAlong", axis, x.rank);
  checkAlong("takeAlong", { shape: x.shape, indices: indices.shape, axis: at });
  const { outer, length, inner } = axisView(x.shape, at);
  const y = apply("takeAlong", { shape: indices.shape, dtype: x.dtype }, (kernels) => kernels.takeAlong(x, indices, outer, length, inner));
  return differentiable(y, [x], [(g) => scatterAlong(indices, g, { axis: at, length })]);
}

/** Zeros with single `updates` added at `indices` along `axis`, which gets `length` elements. The way back of `takeAlong`. */
export function scatterAlong(indices: Tensor, updates: Tensor, { axis, length }: AxisOption & { length: number }): Tensor {
  requireDType("scatterAlong", "int32", indices);
  requireNumbers("scatterAlong", updates);
  const at = normalizeAxis("scatterAlong", axis, updates.rank);
  const shape = updates.shape.map((size, i) => (i === at ? length : size));
  checkShape("scatterAlong", shape);
  checkAlong("scatterAlong", { shape: updates.shape, indices: indices.shape, axis: -1 });
  const { outer, inner } = axisView(shape, at);
  const y = apply("scatterAlong", { shape, dtype: updates.dtype }, (kernels) =>
    kernels.scatterAlong(indices, updates, outer, length, inner),
  );
  return differentiable(y, [updates], [(g) => takeAlong(g, indices, { axis: at })]);
}

function checkAlong(name: string, { shape, indices, axis }: { shape: Shape; indices: Shape; axis: number }): void {
  if (shape.length !== indices.length || shape.some((size, i) => i !== axis && size !== indices[i])) {
    throw new ShapeError(
      `${name}: expected indices of shape ${formatShape(shape)}${axis >= 0 ? ` but for axis ${axis}` : ""}, got ${formatShape(indices)}.`,
    );
  }
}

/** Rows of a table by id: `table [N, C]`, `ids [I…]` → `[I…, C]`. Rows of `paddingIndex` get no gradient. */
export function embedding(table: Tensor, ids: Tensor, { paddingIndex }: { paddingIndex?: number } = {}): Tensor {
  requireTensor("embedding", table);
  if (table.rank !== 2) throw new ShapeError(`embedding: expected a table of shape [N, C], got ${formatShape(table.shape)}.`);
  const rows = gather(table, ids, { axis: 0 });
  if (paddingIndex === undefined) return rows;
  const padding = reshape(equal(ids, paddingIndex), [...ids.shape, 1]);
  return where(padding, stopGradient(rows), rows);
}

/** Throws a DataError unless every host index lies in [0, count). */
export function checkIndices(where: string, indices: ArrayLike<number>, { count }: { count: number }): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(index >= 0 && index < count && Number.isInteger(index))) {
      throw new DataError(`${where}: expected whole numbers from 0 to ${count - 1}, got ${index} at position ${i}.`);
    }
  }
}

/** Ones at `indices`, zeros elsewhere: `[I…]` → `[I…, classes]`, float32. Indices outside [0, classes) give zeros. */
export function oneHot(indices: Tensor, classes: number): Tensor {
  return cast(equal(reshape(indices, [...indices.shape, 1]), range(classes)), "float32");
}
