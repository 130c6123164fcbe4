/** Parts of a tensor. */

import { OptionError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { formatShape, normalizeAxis } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";
import { padWith } from "./pad.ts";

export interface SliceOptions {
  /** Elements taken per axis. Default: what is left after the start. */
  readonly sizes?: readonly number[];
  /** Distance between the elements taken, per axis. Default 1. */
  readonly steps?: readonly number[];
}

/** The elements from `starts` on; negative starts count from the end. Axes that are not named are taken whole. */
export function slice(x: Tensor, starts: readonly number[], { sizes, steps }: SliceOptions = {}): Tensor {
  requireTensor("slice", x);
  for (const list of [starts, sizes, steps]) {
    if (list && list.length > x.rank) {
      throw new OptionError(`slice: expected at most ${x.rank} numbers for ${formatShape(x.shape)}, got [${list.join(", ")}].`);
    }
  }
  const from: number[] = [];
  const counts: number[] = [];
  const strides: number[] = [];
  x.shape.forEach((length, axis) => {
    const start = starts[axis] ?? 0;
    const step = steps?.[axis] ?? 1;
    const first = start < 0 ? start + length : start;
    const count = sizes?.[axis] ?? Math.max(0, Math.ceil((length - first) / step));
    const last = first + (count - 1) * step;
    if (
      ![start, step, count].every(Number.isInteger) ||
      step < 1 ||
      count < 0 ||
      first < 0 ||
      first > length ||
      (count > 0 && last >= length)
    ) {
      throw new OptionError(
        `slice: expected a part of ${formatShape(x.shape)}, got start ${start}, size ${count}, step ${step} along axis ${axis} of length ${length}.`,
      );
    }
    from.push(first);
    counts.push(count);
    strides.push(step);
  });
  if (counts.every((count, axis) => count === x.shape[axis])) return x;
  const y = apply("slice", { shape: counts, dtype: x.dtype }, (kernels) => kernels.slice(x, from, counts, strides));
  return differentiable(
    y,
    [x],
    [
      (g) => {
        const between = strides.map((step) => step - 1);
        const covered = counts.map((count, axis) => (count === 0 ? 0 : (count - 1) * strides[axis]! + 1));
        const after = x.shape.map((length, axis) => length - from[axis]! - covered[axis]!);
        return padWith(g, { before: from, after, between, value: 0 });
      },
    ],
  );
}

/** `size` elements along one axis, from `start` on. */
export function narrow(x: Tensor, axis: number, { start, size }: { start: number; size: number }): Tensor {
  const at = normalizeAxis("narrow", axis, x.rank);
  const starts = x.shape.map((_, i) => (i === at ? start : 0));
  const sizes = x.shape.map((length, i) => (i === at ? size : length));
  return slice(x, starts, { sizes });
}
