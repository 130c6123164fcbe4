/** Running sums and products. */

import { differentiable } from "../recording.ts";
import { axisView, normalizeAxis } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireFloat, requireNumbers } from "./apply.ts";
import { mul } from "./arithmetic.ts";
import { equal, less, lessEqual, where } from "./comparison.ts";
import { fill, range } from "./creation.ts";
import { sum } from "./reduce.ts";
import { expandDims, reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

export interface CumulativeOptions {
  /** Leave the element itself out. Default false. */
  readonly exclusive?: boolean;
  /** Run from the end. Default false. */
  readonly reverse?: boolean;
}

function cumulate(
  op: "sum" | "product",
  x: Tensor,
  { axis, exclusive = false, reverse = false }: CumulativeOptions & { axis: number },
): Tensor {
  const view = { ...axisView(x.shape, axis), exclusive, reverse };
  return apply("cumulate", x, (kernels) => kernels.cumulate(op, x, view));
}

/** Running sum along `axis`. */
export function cumsum(x: Tensor, axis: number, options: CumulativeOptions = {}): Tensor {
  requireNumbers("cumsum", x);
  const along = normalizeAxis("cumsum", axis, x.rank);
  const y = cumulate("sum", x, { axis: along, ...options });
  return differentiable(y, [x], [(g) => cumsum(g, along, { ...options, reverse: !options.reverse })]);
}

/** Running product along `axis`. */
export function cumprod(x: Tensor, axis: number, options: CumulativeOptions = {}): Tensor {
  requireFloat("cumprod", x);
  const along = normalizeAxis("cumprod", axis, x.rank);
  const y = cumulate("product", x, { axis: along, ...options });
  return differentiable(y, [x], [(g) => cumprodGradient(x, g, { axis: along, ...options })]);
}

/**
 * Σₖ gₖ · ∂yₖ/∂xᵢ, where ∂yₖ/∂xᵢ is the product of all elements of yₖ but xᵢ. Exact with zeros too, at the price of a
 * [length, length] table per row: row i holds x with xᵢ replaced by 1, from i on, multiplied up.
 */
function cumprodGradient(x: Tensor, g: Tensor, { axis, exclusive = false, reverse = false }: CumulativeOptions & { axis: number }): Tensor {
  const length = x.shape[axis]!;
  const last = x.rank - 1;
  const order = [...x.shape.keys()].filter((i) => i !== axis).concat(axis);
  const back = order.map((_, i) => order.indexOf(i));
  const rows = expandDims(transpose(x, order), last); // […, 1, n]
  const i = reshape(range(length), [length, 1]);
  const k = reshape(range(length), [1, length]);
  const one = fill([], 1, { dtype: x.dtype });
  const products = cumprod(where(equal(i, k), one, rows), last + 1, { exclusive, reverse }); // […, n, n]: ∂yₖ/∂xᵢ where yₖ holds xᵢ
  const holds = reverse ? (exclusive ? less(k, i) : lessEqual(k, i)) : exclusive ? less(i, k) : lessEqual(i, k);
  const table = where(holds, products, fill([], 0, { dtype: x.dtype }));
  const gradient = sum(mul(table, expandDims(transpose(g, order), last)), -1);
  return transpose(gradient, back);
}
