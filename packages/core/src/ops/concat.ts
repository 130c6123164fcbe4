/** Joining and splitting. */

import { OptionError, ShapeError } from "../errors.ts";
import { differentiableJointly } from "../recording.ts";
import { axisView, formatShape, normalizeAxis, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireSameDType, requireTensor } from "./apply.ts";
import { expandDims, squeeze } from "./reshape.ts";
import { narrow } from "./slice.ts";

export interface AxisOption {
  readonly axis: number;
}

/** Parts one after the other along `axis`; their other sizes must agree. */
export function concat(parts: readonly Tensor[], { axis }: AxisOption): Tensor {
  const first = parts[0];
  if (!first) throw new OptionError("concat: expected at least one tensor, got none.");
  const at = normalizeAxis("concat", axis, first.rank);
  for (const part of parts) {
    requireSameDType("concat", first, part);
    if (part.rank !== first.rank || part.shape.some((size, i) => i !== at && size !== first.shape[i])) {
      throw new ShapeError(
        `concat: expected shapes equal but for axis ${axis}, got ${parts.map(({ shape }) => formatShape(shape)).join(" and ")}.`,
      );
    }
  }
  if (parts.length === 1) return first;
  const lengths = parts.map(({ shape }) => shape[at]!);
  const { outer, inner } = axisView(first.shape, at);
  const shape = first.shape.map((size, i) => (i === at ? lengths.reduce((a, b) => a + b) : size));
  const y = apply("concat", { shape, dtype: first.dtype }, (kernels) => kernels.concat(parts, outer, lengths, inner));
  return differentiableJointly(y, parts, (g, needed) => {
    let start = 0;
    return lengths.map((size, i) => {
      const part = needed[i] ? narrow(g, at, { start, size }) : null;
      start += size;
      return part;
    });
  });
}

/** Tensors of one shape along a new axis. */
export function stack(parts: readonly Tensor[], { axis = 0 }: Partial<AxisOption> = {}): Tensor {
  const first = parts[0];
  if (!first) throw new OptionError("stack: expected at least one tensor, got none.");
  for (const part of parts) requireTensor("stack", part);
  const at = normalizeAxis("stack", axis, first.rank + 1);
  if (!parts.every(({ shape }) => sameShape(shape, first.shape))) {
    throw new ShapeError(`stack: expected tensors of one shape, got ${parts.map(({ shape }) => formatShape(shape)).join(" and ")}.`);
  }
  return concat(
    parts.map((part) => expandDims(part, at)),
    { axis: at },
  );
}

/** Equal parts (a count), or parts of the given sizes, along `axis`. */
export function split(x: Tensor, parts: number | readonly number[], { axis }: AxisOption): Tensor[] {
  requireTensor("split", x);
  const at = normalizeAxis("split", axis, x.rank);
  const length = x.shape[at]!;
  const sizes = typeof parts === "number" ? Array.from({ length: parts }, () => length / parts) : parts;
  if (sizes.some((size) => !Number.isInteger(size) || size < 0) || sizes.reduce((a, b) => a + b, 0) !== length) {
    throw new OptionError(
      `split: expected parts that add up to ${length} along axis ${axis} of ${formatShape(x.shape)}, got ${JSON.stringify(parts)}.`,
    );
  }
  let start = 0;
  return sizes.map((size) => {
    const part = narrow(x, at, { start, size });
    start += size;
    return part;
  });
}

/** The slices along `axis`, which is gone from each. */
export function unstack(x: Tensor, { axis = 0 }: Partial<AxisOption> = {}): Tensor[] {
  const at = normalizeAxis("unstack", axis, x.rank);
  return split(x, x.shape[at]!, { axis: at }).map((part) => squeeze(part, at));
}
