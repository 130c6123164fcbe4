/** Permutation of axes. */

import { OptionError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { normalizeAxes, normalizeAxis } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";
import { reshape } from "./reshape.ts";

/** Axis i of the result is axis `permutation[i]` of x. Default: the axes reversed. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  requireTensor("transpose", x);
  const order = permutation?.map((axis) => normalizeAxis("transpose", axis, x.rank)) ?? [...x.shape.keys()].reverse();
  if (order.length !== x.rank) {
    throw new OptionError(`transpose: expected ${x.rank} axes, got [${order.join(", ")}].`);
  }
  normalizeAxes("transpose", order, x.rank);
  const shape = order.map((axis) => x.shape[axis]!);
  // Only axes of size 1 change places: the elements lie as they are.
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) return reshape(x, shape);
  const y = apply("transpose", { shape, dtype: x.dtype }, (kernels) => kernels.transpose(x, order));
  return differentiable(
    y,
    [x],
    [
      (g) =>
        transpose(
          g,
          order.map((_, axis) => order.indexOf(axis)),
        ),
    ],
  );
}

/** Exchanges two axes. */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const order = [...x.shape.keys()];
  const [first, second] = [normalizeAxis("swapAxes", a, x.rank), normalizeAxis("swapAxes", b, x.rank)];
  order[first] = second;
  order[second] = first;
  return transpose(x, order);
}
