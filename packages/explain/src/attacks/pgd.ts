/** Many small steps, each projected back into the budget. Madry et al. 2018, arXiv:1706.06083, section 2.1. */

import {
  add,
  clip,
  div,
  fill,
  grad,
  maximum,
  minimum,
  mul,
  OptionError,
  type Rng,
  scope,
  sign,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tensor,
} from "@dl/core";
import { iterate } from "../freeing-loops.ts";
import { type AttackLoss, requireEpsilon } from "./fgsm.ts";

export interface PgdOptions {
  readonly loss: AttackLoss;
  /** The most that a value (`linf`), or a whole example's Euclidean length (`l2`), may change. */
  readonly epsilon: number;
  /** Default 2.5 · epsilon ÷ steps. */
  readonly stepSize?: number;
  /** Default 10. */
  readonly steps?: number;
  /** Default `linf`. */
  readonly norm?: "linf" | "l2";
  /** Start at a random place within the budget. Default: at the inputs. */
  readonly rng?: Rng;
  /** Lowest and highest value there is; inputs outside are clipped to it, so say the one of normalised images. Default 0 and 1. */
  readonly range?: readonly [low: number, high: number];
}

/** Inputs of the same shape that raise the loss, within the budget and the range, without a way back. */
export function pgd(inputs: Tensor, options: PgdOptions): Tensor {
  const { loss, epsilon, steps = 10, stepSize = (2.5 * epsilon) / steps, norm = "linf", rng, range = [0, 1] } = options;
  requireEpsilon("pgd", epsilon, range);
  if (!Number.isInteger(steps) || steps < 1) throw new OptionError(`pgd: expected at least 1 step, got ${steps}.`);
  if (!(stepSize >= 0 && stepSize < Infinity)) throw new OptionError(`pgd: expected a stepSize of at least 0, got ${stepSize}.`);
  if (norm !== "linf" && norm !== "l2") throw new OptionError(`pgd: expected norm linf or l2, got ${String(norm)}.`);
  const project = (x: Tensor): Tensor => {
    if (norm === "linf") return clip(maximum(minimum(x, add(inputs, epsilon)), sub(inputs, epsilon)), range[0], range[1]);
    const change = sub(x, inputs);
    const shrink = minimum(div(fill([], epsilon, { dtype: change.dtype }), maximum(lengthOf(change), 1e-12)), 1);
    return clip(add(inputs, mul(change, shrink)), range[0], range[1]);
  };
  const start = scope(() => {
    if (rng === undefined) return stopGradient(inputs);
    // In the cube; for `l2` projected onto the ball.
    const reach = norm === "linf" ? epsilon : epsilon / Math.sqrt(inputs.size / inputs.shape[0]!);
    return project(add(inputs, tensor(rng.uniform(inputs.shape, -reach, reach)).cast(inputs.dtype)));
  });
  const move = (present: Tensor): Tensor => {
    const [gradient] = grad(() => loss(present), [present]);
    const way = norm === "linf" ? sign(gradient!) : div(gradient!, maximum(lengthOf(gradient!), 1e-12));
    return project(add(present, mul(way, stepSize)));
  };
  return stopGradient(iterate(start, { turns: steps, move }));
}

/** Euclidean length of each example, `[B, 1, …]`. */
function lengthOf(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis).slice(1);
  return sum(square(x), axes, { keepDims: true }).sqrt();
}
