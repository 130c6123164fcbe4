/** Sorting and the largest k. */

import { OptionError } from "../errors.ts";
import { axisView, normalizeAxis } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireNumbers } from "./apply.ts";
import { takeAlong } from "./gather.ts";
import { narrow } from "./slice.ts";
import { swapAxes } from "./transpose.ts";

export interface SortOptions {
  /** Default −1. */
  readonly axis?: number;
  /** Default false. */
  readonly descending?: boolean;
}

/** Values and the int32 indices they came from. */
export interface Sorted {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** Runs a kernel that works on rows of the last axis along any axis. */
function alongAxis(x: Tensor, axis: number, work: (moved: Tensor, rows: number, length: number) => Tensor): Tensor {
  const last = x.rank - 1;
  const moved = swapAxes(x, axis, last);
  const { outer, length } = axisView(moved.shape, last);
  return swapAxes(work(moved, outer, length), axis, last);
}

/** The int32 indices that sort along `axis`; equals keep their order; NaN last. */
export function argsort(x: Tensor, { axis = -1, descending = false }: SortOptions = {}): Tensor {
  requireNumbers("argsort", x);
  const at = normalizeAxis("argsort", axis, x.rank);
  return alongAxis(x, at, (moved, rows, length) =>
    apply("argsort", { shape: moved.shape, dtype: "int32" }, (kernels) => kernels.argsort(moved, rows, length, descending)),
  );
}

/** Sorted along `axis`; equals keep their order; NaN last. The gradient goes back to where the values came from. */
export function sort(x: Tensor, options: SortOptions = {}): Sorted {
  const indices = argsort(x, options);
  return { values: takeAlong(x, indices, { axis: options.axis ?? -1 }), indices };
}

export interface TopKOptions {
  /** Default −1. */
  readonly axis?: number;
  /** The largest, largest first; else the smallest, smallest first. Default true. */
  readonly largest?: boolean;
}

/** The `k` largest, or smallest, along `axis`; of equals the first. NaN last. The gradient goes back to where the values came from. */
export function topK(x: Tensor, k: number, { axis = -1, largest = true }: TopKOptions = {}): Sorted {
  requireNumbers("topK", x);
  const at = normalizeAxis("topK", axis, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at]!) {
    throw new OptionError(`topK: expected k from 0 to ${x.shape[at]}, the length of axis ${axis}, got ${k}.`);
  }
  const indices = largest
    ? alongAxis(x, at, (moved, rows, length) =>
        apply("topK", { shape: [...moved.shape.slice(0, -1), k], dtype: "int32" }, (kernels) => kernels.topK(moved, rows, length, k)),
      )
    : narrow(argsort(x, { axis: at }), at, { start: 0, size: k });
  return { values: takeAlong(x, indices, { axis: at }), indices };
}
