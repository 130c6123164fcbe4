/** Binary operations and comparisons as WGSL expressions of `x` and `y`; of the gradients, `x` is the incoming one. */

import type { BinaryOp, CompareOp } from "@dl/core";

/** √(2/π) and the cubic's factor of GELU's tanh approximation. Hendrycks and Gimpel 2016, arXiv:1606.08415. */
const geluTanhGradient = `geluTanhSlope(y)`;

export const binaryExpressions: Readonly<Record<BinaryOp, string>> = {
  add: "x + y",
  subtract: "x - y",
  multiply: "x * y",
  divide: "x / y",
  power: "powerOf(x, y)",
  maximum: "select(select(max(x, y), y, isNan(y)), x, isNan(x))",
  minimum: "select(select(min(x, y), y, isNan(y)), x, isNan(x))",
  modulo: "moduloOf(x, y)",
  atan2: "arcTangent2(x, y)",
  squaredDifference: "(x - y) * (x - y)",
  reluGradient: "select(0.0, x, y > 0.0)",
  tanhGradient: "x * (1.0 - y * y)",
  sigmoidGradient: "x * y * (1.0 - y)",
  geluGradient: "x * (normalBelow(y) + y * 0.398942280 * exponential(-0.5 * y * y))",
  geluTanhGradient: `x * ${geluTanhGradient}`,
  siluGradient: "x * siluSlope(y)",
};

export const binaryIntExpressions: Partial<Readonly<Record<BinaryOp, string>>> = {
  add: "x + y",
  subtract: "x - y",
  multiply: "x * y",
  divide: "x / y",
  power: "wholePower(x, y)",
  maximum: "max(x, y)",
  minimum: "min(x, y)",
  modulo: "wholeModulo(x, y)",
  squaredDifference: "(x - y) * (x - y)",
};

/** Functions that only these expressions call. */
export const binaryFunctions: Readonly<Record<string, string>> = {
  geluTanhSlope: `
fn geluTanhSlope(v: f32) -> f32 {
  let s = sigmoidOf(1.59576912 * (v + 0.044715 * v * v * v));
  return s + v * s * (1.0 - s) * 1.59576912 * (1.0 + 0.134145 * v * v);
}`,
  siluSlope: "fn siluSlope(v: f32) -> f32 { let s = sigmoidOf(v); return s * (1.0 + v * (1.0 - s)); }",
  wholeModulo: "fn wholeModulo(x: i32, y: i32) -> i32 { let r = x % y; return select(r, r + y, r != 0 && (r < 0) != (y < 0)); }",
  /** Negative exponents give what truncation leaves of 1/xⁿ. */
  wholePower: `
fn wholePower(x: i32, y: i32) -> i32 {
  if (y < 0) { return select(select(0, select(1, -1, (y & 1) == 1), x == -1), 1, x == 1); }
  var value = 1;
  var base = x;
  for (var n = y; n > 0; n = n >> 1u) {
    if ((n & 1) == 1) { value *= base; }
    base *= base;
  }
  return value;
}`,
};

/** Of numbers, as bools; NaN is told by its bits. */
export function compareExpression(op: CompareOp, floats: boolean): string {
  const ordered = (comparison: string): string => (floats ? `(${comparison}) && !isNan(x) && !isNan(y)` : comparison);
  switch (op) {
    case "equal":
      return ordered("x == y");
    case "notEqual":
      return floats ? "(x != y) || isNan(x) || isNan(y)" : "x != y";
    case "less":
      return ordered("x < y");
    case "lessEqual":
      return ordered("x <= y");
    case "greater":
      return ordered("x > y");
    case "greaterEqual":
      return ordered("x >= y");
    case "logicalAnd":
      return "(x & y) == 1u";
    case "logicalOr":
      return "(x | y) == 1u";
    case "logicalXor":
      return "x != y";
    default:
      return op satisfies never;
  }
}
