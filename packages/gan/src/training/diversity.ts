/** How much samples differ: two numbers that fall when a generator collapses, cheap enough for every step. */

import { eye, matmul, maximum, type Scalar, type Tensor } from "@dl/core";

export interface Spread {
  /** Mean distance of two examples. */
  readonly pairwise: Scalar;
  /** Mean distance of an example to the nearest other one: small where few images come again and again. */
  readonly nearest: Scalar;
}

/** What rounding leaves of ‖a − b‖² where a and b are equal, at most, in shares of ‖a‖²: of float32 sums over many pixels. */
const rounding = 4e-6;

/** Euclidean, over examples `[B, …]`, B ≥ 2. Exact copies are 0 apart. */
export function spreadOf(examples: Tensor): Spread {
  const count = examples.shape[0]!;
  const all = examples.reshape([count, -1]);
  // About their mean: no distance changes, and less of it is lost to rounding.
  const flat = all.sub(all.mean(0, { keepDims: true }));
  const squares = flat.square().sum(1); // [B]
  const products = matmul(flat, flat.transpose()); // [B, B]
  // ‖a − b‖² = ‖a‖² + ‖b‖² − 2ab; rounding may push it below 0, or leave a little where there is nothing.
  const raw = maximum(squares.expandDims(1).add(squares.expandDims(0)).sub(products.mul(2)), 0);
  const squared = raw.mul(raw.greater(squares.mean().mul(rounding)).cast(raw.dtype));
  // An example's distance to itself counts for neither: rounding may leave a little of it.
  const itself = eye(count).cast(squared.dtype);
  const distances = squared.sqrt().mul(itself.mul(-1).add(1));
  const furthest = distances.max().add(1);
  return { pairwise: distances.sum().div(count * (count - 1)), nearest: distances.add(itself.mul(furthest)).min(1).mean() };
}
