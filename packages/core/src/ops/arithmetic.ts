/** Arithmetic on two inputs, which broadcast to each other. */

import type { BinaryOp } from "../backend.ts";
import { isFloat } from "../dtype.ts";
import { DtypeError } from "../errors.ts";
import { differentiable } from "../recording.ts";
import { broadcastShapes, type Shape, sameShape } from "../shape.ts";
import type { Scalar, Tensor } from "../tensor.ts";
import { apply, requireSameDType } from "./apply.ts";
import { equal, greater, greaterEqual, less, lessEqual, logicalAnd, where } from "./comparison.ts";
import { fill, zerosLike } from "./creation.ts";
import { floor, log, neg } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";

/** A number takes the dtype of the tensor beside it. */
export type Operand = Tensor | number;

export function asTensor(value: Operand, beside: Tensor): Tensor {
  return typeof value === "number" ? fill([], value, { dtype: beside.dtype }) : value;
}

export function binary(where: string, op: BinaryOp, { a, b }: { a: Tensor; b: Tensor }): Tensor {
  requireSameDType(where, a, b);
  if (a.dtype === "bool")
    throw new DtypeError(`${where}: expected numbers, got bool. Convert with .cast("float32"), or use logicalAnd and its kin.`);
  const shape = broadcastShapes(where, a.shape, b.shape);
  return apply(where, { shape, dtype: a.dtype }, (kernels) => kernels.binary(op, a, b, shape));
}

/** The sum of `gradient` over the axes along which `shape` was stretched: the way back of broadcasting. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.rank - shape.length;
  const axes = gradient.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < extra || (shape[axis - extra] === 1 && gradient.shape[axis] !== 1));
  return reshape(sum(gradient, axes, { keepDims: true }), shape);
}

export function add(a: Scalar, b: Scalar | number): Scalar;
export function add(a: Tensor, b: Operand): Tensor;
export function add(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("add", "add", { a, b: other });
  return differentiable(y, [a, other], [(g) => sumTo(g, a.shape), (g) => sumTo(g, other.shape)]);
}

export function sub(a: Scalar, b: Scalar | number): Scalar;
export function sub(a: Tensor, b: Operand): Tensor;
export function sub(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("sub", "subtract", { a, b: other });
  return differentiable(y, [a, other], [(g) => sumTo(g, a.shape), (g) => neg(sumTo(g, other.shape))]);
}

export function mul(a: Scalar, b: Scalar | number): Scalar;
export function mul(a: Tensor, b: Operand): Tensor;
export function mul(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("mul", "multiply", { a, b: other });
  return differentiable(y, [a, other], [(g) => sumTo(mul(g, other), a.shape), (g) => sumTo(mul(g, a), other.shape)]);
}

export function div(a: Scalar, b: Scalar | number): Scalar;
export function div(a: Tensor, b: Operand): Tensor;
export function div(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("div", "divide", { a, b: other });
  return differentiable(y, [a, other], [(g) => sumTo(div(g, other), a.shape), (g) => sumTo(neg(div(mul(g, y), other)), other.shape)]);
}

/** aᵇ. The gradient by b needs a > 0; at a = 0 it is 0. */
export function pow(a: Tensor, b: Operand): Tensor {
  const exponent = asTensor(b, a);
  const y = binary("pow", "power", { a, b: exponent });
  return differentiable(
    y,
    [a, exponent],
    [
      // b = 0 gives 0 everywhere, where 0·0⁻¹ would give NaN.
      (g) => sumTo(mul(g, where(equal(exponent, 0), zerosLike(a), mul(exponent, pow(a, sub(exponent, 1))))), a.shape),
      (g) =>
        sumTo(
          mul(g, where(equal(a, 0), zerosLike(y), mul(y, log(where(equal(a, 0), fill([], 1, { dtype: a.dtype }), a))))),
          exponent.shape,
        ),
    ],
  );
}

/** The larger of both; where they are equal, each gets half of the gradient. NaN when either is. */
export function maximum(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("maximum", "maximum", { a, b: other });
  return differentiable(
    y,
    [a, other],
    [
      (g) => sumTo(share(g, greater(a, other), equal(a, other)), a.shape),
      (g) => sumTo(share(g, less(a, other), equal(a, other)), other.shape),
    ],
  );
}

/** The smaller of both; where they are equal, each gets half of the gradient. NaN when either is. */
export function minimum(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("minimum", "minimum", { a, b: other });
  return differentiable(
    y,
    [a, other],
    [
      (g) => sumTo(share(g, less(a, other), equal(a, other)), a.shape),
      (g) => sumTo(share(g, greater(a, other), equal(a, other)), other.shape),
    ],
  );
}

/** The gradient where `wins`, half of it where `ties`, else zero. */
function share(gradient: Tensor, wins: Tensor, ties: Tensor): Tensor {
  const zero = fill([], 0, { dtype: gradient.dtype });
  return where(wins, gradient, where(ties, mul(gradient, 0.5), zero));
}

/** a − b·⌊a/b⌋: the remainder with the sign of the divisor. */
export function modulo(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("modulo", "modulo", { a, b: other });
  return differentiable(y, [a, other], [(g) => sumTo(g, a.shape), (g) => sumTo(neg(mul(g, floor(div(a, other)))), other.shape)]);
}

/** The angle of the point (x, y), in radians from −π to π; the gradient at the origin is 0. */
export function atan2(y: Tensor, x: Tensor): Tensor {
  const angle = binary("atan2", "atan2", { a: y, b: x });
  const squaredRadius = (): Tensor => {
    const square = add(mul(x, x), mul(y, y));
    return where(equal(square, 0), fill([], 1, { dtype: square.dtype }), square);
  };
  return differentiable(
    angle,
    [y, x],
    [(g) => sumTo(div(mul(g, x), squaredRadius()), y.shape), (g) => sumTo(neg(div(mul(g, y), squaredRadius())), x.shape)],
  );
}

/** (a − b)². */
export function squaredDifference(a: Tensor, b: Operand): Tensor {
  const other = asTensor(b, a);
  const y = binary("squaredDifference", "squaredDifference", { a, b: other });
  const slope = (g: Tensor): Tensor => mul(mul(g, sub(a, other)), 2);
  return differentiable(y, [a, other], [(g) => sumTo(slope(g), a.shape), (g) => neg(sumTo(slope(g), other.shape))]);
}

/** `x` held between `low` and `high`; the gradient flows where x was inside, borders included. NaN stays. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  const bounded = binary("clip", "maximum", { a: x, b: asTensor(low, x) });
  const y = binary("clip", "minimum", { a: bounded, b: asTensor(high, x) });
  if (!isFloat(x.dtype)) return y;
  return differentiable(y, [x], [(g) => where(logicalAnd(greaterEqual(x, low), lessEqual(x, high)), g, fill([], 0, { dtype: g.dtype }))]);
}
