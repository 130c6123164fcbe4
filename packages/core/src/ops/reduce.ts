/** Reductions: many elements become one. */

import type { ReduceOp } from "../backend.ts";
import { OptionError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { axisView, normalizeAxes, normalizeAxis, type Shape, sizeOf } from "../shape.ts";
import type { Scalar, Tensor } from "../tensor.ts";
import { apply, requireDType, requireFloat, requireNumbers, requireTensor } from "./apply.ts";
import { add, div, mul, squaredDifference, sub } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { equal, where } from "./comparison.ts";
import { fill } from "./creation.ts";
import { cumprod } from "./cumulative.ts";
import { exp, log, sqrt } from "./elementwise.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

export type Axes = number | readonly number[];

export interface ReduceOptions {
  /** Keep the reduced axes with size 1. Default false. */
  readonly keepDims?: boolean;
}

/** The shape with the reduced axes at size 1. */
function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Reduces and keeps the axes; runs of adjacent axes go to the kernel as one. */
function reduceKept(where: string, op: ReduceOp, { x, axes }: { x: Tensor; axes: readonly number[] }): Tensor {
  let y = x;
  let shape: Shape = x.shape;
  for (let end = axes.length; end > 0; ) {
    let start = end - 1;
    while (start > 0 && axes[start - 1] === axes[start]! - 1) start--;
    const [first, last] = [axes[start]!, axes[end - 1]!];
    const [outer, length, inner] = [shape.slice(0, first), shape.slice(first, last + 1), shape.slice(last + 1)].map(sizeOf) as [
      number,
      number,
      number,
    ];
    shape = keptShape(shape, axes.slice(start, end));
    const input = y;
    y = apply(where, { shape, dtype: x.dtype }, (kernels) => kernels.reduce(op, input, outer, length, inner));
    end = start;
  }
  return y;
}

function dropAxes(kept: Tensor, axes: readonly number[], options: ReduceOptions | undefined): Tensor {
  return options?.keepDims || axes.length === 0
    ? kept
    : reshape(
        kept,
        kept.shape.filter((_, axis) => !axes.includes(axis)),
      );
}

/** Over `axes`, or over all of them. The sum of nothing is 0. */
export function sum(x: Tensor): Scalar;
export function sum(x: Tensor, axes: Axes | undefined, options?: ReduceOptions): Tensor;
export function sum(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  requireNumbers("sum", x);
  requireTensor("sum", x);
  const over = normalizeAxes("sum", axes, x.rank);
  if (over.length === 0) return x;
  const kept = reduceKept("sum", "sum", { x, axes: over });
  return dropAxes(differentiable(kept, [x], [(g) => broadcastTo(g, x.shape)]), over, options);
}

/** Over `axes`, or over all of them. The mean of nothing is NaN. */
export function mean(x: Tensor): Scalar;
export function mean(x: Tensor, axes: Axes | undefined, options?: ReduceOptions): Tensor;
export function mean(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  requireFloat("mean", x);
  requireTensor("mean", x);
  const over = normalizeAxes("mean", axes, x.rank);
  if (over.length === 0) return x;
  const kept = reduceKept("mean", "mean", { x, axes: over });
  const share = sizeOf(kept.shape) / x.size;
  return dropAxes(differentiable(kept, [x], [(g) => broadcastTo(mul(g, share), x.shape)]), over, options);
}

function extremum(
  name: "max" | "min",
  x: Tensor,
  { axes, options }: { axes: Axes | undefined; options: ReduceOptions | undefined },
): Tensor {
  requireNumbers(name, x);
  requireTensor(name, x);
  const over = normalizeAxes(name, axes, x.rank);
  if (over.length === 0) return x;
  const kept = reduceKept(name, name, { x, axes: over });
  const y = differentiable(
    kept,
    [x],
    [
      (g) => {
        // Equals share the gradient, as in torch.amax.
        const wins = equal(x, kept);
        const one = fill([], 1, { dtype: x.dtype });
        const weights = where(wins, one, fill([], 0, { dtype: x.dtype }));
        return mul(div(g, sum(weights, over, { keepDims: true })), weights);
      },
    ],
  );
  return dropAxes(y, over, options);
}

/** The largest; equals share the gradient. NaN when any element is. */
export function max(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  return extremum("max", x, { axes, options });
}

/** The smallest; equals share the gradient. NaN when any element is. */
export function min(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  return extremum("min", x, { axes, options });
}

/** The product. Its gradient is exact with zeros too: each element's is the product of all others. */
export function prod(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  requireFloat("prod", x);
  requireTensor("prod", x);
  const over = normalizeAxes("prod", axes, x.rank);
  if (over.length === 0) return x;
  const kept = reduceKept("prod", "product", { x, axes: over });
  const y = differentiable(kept, [x], [(g) => mul(g, productOfOthers(x, over))]);
  return dropAxes(y, over, options);
}

/** For each element, the product of the others along `axes`: what comes before times what comes after. */
function productOfOthers(x: Tensor, axes: readonly number[]): Tensor {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...rest, ...axes];
  const moved = transpose(x, order);
  const flat = reshape(moved, [sizeOf(rest.map((axis) => x.shape[axis]!)), -1]);
  const others = mul(cumprod(flat, 1, { exclusive: true }), cumprod(flat, 1, { exclusive: true, reverse: true }));
  return transpose(
    reshape(others, moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Whether any element is true. */
export function any(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  requireDType("any", "bool", x);
  requireTensor("any", x);
  const over = normalizeAxes("any", axes, x.rank);
  if (over.length === 0) return x;
  return dropAxes(reduceKept("any", "any", { x, axes: over }), over, options);
}

/** Whether every element is true. */
export function all(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  requireDType("all", "bool", x);
  requireTensor("all", x);
  const over = normalizeAxes("all", axes, x.rank);
  if (over.length === 0) return x;
  return dropAxes(reduceKept("all", "all", { x, axes: over }), over, options);
}

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the count, down to 0: 1 for the unbiased estimate of a sample, 0 for the variance of the elements. Default 0. */
  readonly correction?: number;
}

/** The mean squared distance from the mean. */
export function variance(x: Tensor, axes?: Axes, { correction = 0, ...options }: VarianceOptions = {}): Tensor {
  requireTensor("variance", x);
  const over = normalizeAxes("variance", axes, x.rank);
  const squares = sum(squaredDifference(x, mean(x, over, { keepDims: true })), over, options);
  const count = sizeOf(over.map((axis) => x.shape[axis]!));
  return div(squares, Math.max(count - correction, 0));
}

/** The root of the variance. */
export function std(x: Tensor, axes?: Axes, options?: VarianceOptions): Tensor {
  return sqrt(variance(x, axes, options));
}

/** The Euclidean length, √Σx²; its gradient at 0 is NaN, as the slope is not defined there. */
export function norm(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  return sqrt(sum(mul(x, x), axes, options));
}

/** ln Σ eˣ, without overflow. */
export function logSumExp(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  requireFloat("logSumExp", x);
  requireTensor("logSumExp", x);
  const over = normalizeAxes("logSumExp", axes, x.rank);
  const largest = finiteOrZero(reduceKept("logSumExp", "max", { x, axes: over }));
  return dropAxes(add(log(sum(exp(sub(x, largest)), over, { keepDims: true })), largest), over, options);
}

/** A constant to subtract: ±∞ would make ∞ − ∞. */
function finiteOrZero(x: Tensor): Tensor {
  const infinite = equal(
    apply("abs", x, (kernels) => kernels.unary("abs", x)),
    Infinity,
  );
  return where(infinite, fill([], 0, { dtype: x.dtype }), x);
}

function argExtremum(op: "max" | "min", x: Tensor, axis: number): Tensor {
  const where = op === "max" ? "argmax" : "argmin";
  requireNumbers(where, x);
  const along = normalizeAxis(where, axis, x.rank);
  const { outer, length, inner } = axisView(x.shape, along);
  if (length === 0) throw new OptionError(`${where}: expected at least one element along axis ${axis}, got none.`);
  const shape = x.shape.filter((_, i) => i !== along);
  return apply(where, { shape, dtype: "int32" }, (kernels) => kernels.argReduce(op, x, outer, length, inner));
}

/** Index of the first largest element along `axis`, int32; the axis is gone. */
export function argmax(x: Tensor, axis: number): Tensor {
  return argExtremum("max", x, axis);
}

/** Index of the first smallest element along `axis`, int32; the axis is gone. */
export function argmin(x: Tensor, axis: number): Tensor {
  return argExtremum("min", x, axis);
}
