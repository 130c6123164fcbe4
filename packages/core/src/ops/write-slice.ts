/** Overwriting a part of a cell: a cache that is filled step by step. In place where the device has the kernel, composed elsewhere. */

import { type Cell, deviceDType } from "../cell.ts";
import { DtypeError, ShapeError } from "../errors.ts";
import { currentDevice } from "../scope.ts";
import { axisView, formatShape, normalizeAxis } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { concat } from "./concat.ts";
import { fusedKernel } from "./fused.ts";
import { narrow } from "./slice.ts";

/**
 * `values` in place of the elements of `cell` from `start` on along `axis`; its other axes are the cell's. No gradient flows.
 *
 * Tensors that were read from the cell before keep their values, which costs a copy of the cell while they live: write first, then read.
 *
 * @throws ShapeError when `values` do not fit there, DtypeError when they are of another dtype.
 * @example
 * using cache = new Cell(hostTensor(new Float32Array(6), [3, 2]));
 * writeSlice(cache, tensor([[5, 6]]), { axis: 0, start: 1 });
 * cache.value; // [[0, 0], [5, 6], [0, 0]]
 */
export function writeSlice(cell: Cell, values: Tensor, { axis, start }: { axis: number; start: number }): void {
  const at = normalizeAxis("writeSlice", axis, cell.shape.length);
  const count = values.shape[at] ?? 0;
  const { outer, length, inner } = axisView(cell.shape, at);
  const fits = values.rank === cell.shape.length && values.shape.every((size, i) => i === at || size === cell.shape[i]);
  if (!fits || !Number.isInteger(start) || start < 0 || start + count > length) {
    throw new ShapeError(
      `writeSlice: expected values that fit into ${formatShape(cell.shape)} from ${start} on along axis ${at}, got ${formatShape(values.shape)}.`,
    );
  }
  const dtype = deviceDType(cell.dtype, currentDevice("writeSlice"));
  if (values.dtype !== dtype) throw new DtypeError(`writeSlice: expected ${dtype} as in the cell, got ${values.dtype}.`);
  if (count === 0) return;
  const kernel = fusedKernel("writeSlice");
  if (kernel) {
    const { buffer } = cell.writable();
    kernel({ buffer, shape: cell.shape, dtype }, values, { outer, length, inner, start, count });
    return;
  }
  const before = cell.freshValue();
  const end = start + count;
  const head = narrow(before, at, { start: 0, size: start });
  const tail = narrow(before, at, { start: end, size: length - end });
  cell.set(concat([head, values, tail], { axis: at }));
}
