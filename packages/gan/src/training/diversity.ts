/** How much samples differ: two numbers that fall when a generator collapses, cheap enough for every step. */

import { eye, matmul, maximum, type Scalar, type Tensor } from "@dl/core";
import type { Metrics } from "@dl/train";

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

/** Distances among made examples as shares of those among real ones, of up to 64 of each: more tell no more. 0/0 where all are alike. */
export function diversityOf(made: Tensor, { real }: { real: Tensor }): { readonly diversity: Scalar; readonly nearest: Scalar } {
  const [ours, theirs] = [spreadOf(fewOf(made)), spreadOf(fewOf(real))];
  return { diversity: ours.pairwise.div(theirs.pairwise) as Scalar, nearest: ours.nearest.div(theirs.nearest) as Scalar };
}

/** Without what `diversityOf` compared with nothing. Examples that are no numbers themselves show in the scores. */
export function comparable(metrics: Metrics): Metrics {
  return Object.fromEntries(
    Object.entries(metrics).filter(([name, value]) => Number.isFinite(value) || (name !== "diversity" && name !== "nearest")),
  );
}

function fewOf(examples: Tensor): Tensor {
  const count = Math.min(64, examples.shape[0]!);
  return examples.slice(
    examples.shape.map(() => 0),
    [count, ...examples.shape.slice(1)],
  );
}
