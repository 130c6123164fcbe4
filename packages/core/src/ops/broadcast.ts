/** Stretching and repeating. */

import { OptionError, ShapeError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { broadcastShapes, formatShape, normalizeAxis, type Shape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";
import { sumTo } from "./arithmetic.ts";
import { reshape } from "./reshape.ts";

/** `x` stretched to `shape`: axes of size 1, and missing ones in front, repeat. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  requireTensor("broadcastTo", x);
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes("broadcastTo", x.shape, shape), shape)) {
    throw new ShapeError(`broadcastTo: expected a shape that ${formatShape(x.shape)} stretches to, got ${formatShape(shape)}.`);
  }
  const y = apply("broadcastTo", { shape, dtype: x.dtype }, (kernels) => kernels.broadcast(x, shape));
  return differentiable(y, [x], [(g) => sumTo(g, x.shape)]);
}

/** `x` repeated `repeats[i]` times along axis i: [a, b] twice is [a, b, a, b]. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  requireTensor("tile", x);
  if (repeats.length !== x.rank || repeats.some((count) => !Number.isInteger(count) || count < 0)) {
    throw new OptionError(
      `tile: expected ${x.rank} whole numbers ≥ 0, one per axis of ${formatShape(x.shape)}, got [${repeats.join(", ")}].`,
    );
  }
  const single = x.shape.flatMap((size) => [1, size]);
  const repeated = x.shape.flatMap((size, i) => [repeats[i]!, size]);
  return reshape(
    broadcastTo(reshape(x, single), repeated),
    x.shape.map((size, i) => size * repeats[i]!),
  );
}

/** Each element along `axis` repeated: [a, b] twice is [a, a, b, b]. */
export function repeat(x: Tensor, count: number, { axis }: { axis: number }): Tensor {
  requireTensor("repeat", x);
  const at = normalizeAxis("repeat", axis, x.rank);
  if (!Number.isInteger(count) || count < 0) throw new OptionError(`repeat: expected a whole number of times ≥ 0, got ${count}.`);
  const single = [...x.shape.slice(0, at + 1), 1, ...x.shape.slice(at + 1)];
  const repeated = single.map((size, i) => (i === at + 1 ? count : size));
  return reshape(
    broadcastTo(reshape(x, single), repeated),
    x.shape.map((size, i) => (i === at ? size * count : size)),
  );
}
