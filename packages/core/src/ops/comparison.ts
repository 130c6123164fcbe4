/** Comparisons, logic, and choosing by a condition. Results are bool and have no gradient. */

import type { CompareOp } from "../backend.ts";
import { differentiable } from "../recording.ts";
import { broadcastShapes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireDType, requireFloat, requireSameDType } from "./apply.ts";
import { asTensor, type Operand, sumTo } from "./arithmetic.ts";
import { fill } from "./creation.ts";

function compare(where: string, op: CompareOp, { a, b }: { a: Tensor; b: Tensor }): Tensor {
  requireSameDType(where, a, b);
  const shape = broadcastShapes(where, a.shape, b.shape);
  return apply(where, { shape, dtype: "bool" }, (kernels) => kernels.compare(op, a, b, shape));
}

export function equal(a: Tensor, b: Operand): Tensor {
  return compare("equal", "equal", { a, b: asTensor(b, a) });
}

export function notEqual(a: Tensor, b: Operand): Tensor {
  return compare("notEqual", "notEqual", { a, b: asTensor(b, a) });
}

export function less(a: Tensor, b: Operand): Tensor {
  return compare("less", "less", { a, b: asTensor(b, a) });
}

export function lessEqual(a: Tensor, b: Operand): Tensor {
  return compare("lessEqual", "lessEqual", { a, b: asTensor(b, a) });
}

export function greater(a: Tensor, b: Operand): Tensor {
  return compare("greater", "greater", { a, b: asTensor(b, a) });
}

export function greaterEqual(a: Tensor, b: Operand): Tensor {
  return compare("greaterEqual", "greaterEqual", { a, b: asTensor(b, a) });
}

function logical(where: string, op: CompareOp, { a, b }: { a: Tensor; b: Tensor }): Tensor {
  requireDType(where, "bool", a, b);
  return compare(where, op, { a, b });
}

export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return logical("logicalAnd", "logicalAnd", { a, b });
}

export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return logical("logicalOr", "logicalOr", { a, b });
}

export function logicalXor(a: Tensor, b: Tensor): Tensor {
  return logical("logicalXor", "logicalXor", { a, b });
}

export function logicalNot(x: Tensor): Tensor {
  requireDType("logicalNot", "bool", x);
  return apply("logicalNot", { shape: x.shape, dtype: "bool" }, (kernels) => kernels.unary("logicalNot", x));
}

export function isNaN(x: Tensor): Tensor {
  requireFloat("isNaN", x);
  return apply("isNaN", { shape: x.shape, dtype: "bool" }, (kernels) => kernels.unary("isNaN", x));
}

export function isFinite(x: Tensor): Tensor {
  requireFloat("isFinite", x);
  return apply("isFinite", { shape: x.shape, dtype: "bool" }, (kernels) => kernels.unary("isFinite", x));
}

/** `a` where `condition` is true, else `b`; all three broadcast. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  requireDType("where", "bool", condition);
  requireSameDType("where", a, b);
  const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape));
  const y = apply("where", { shape, dtype: a.dtype }, (kernels) => kernels.where(condition, a, b, shape));
  const zero = (g: Tensor): Tensor => fill([], 0, { dtype: g.dtype });
  return differentiable(
    y,
    [a, b],
    [(g) => sumTo(where(condition, g, zero(g)), a.shape), (g) => sumTo(where(condition, zero(g), g), b.shape)],
  );
}
