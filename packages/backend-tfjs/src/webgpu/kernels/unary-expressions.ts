/** Unary operations as WGSL expressions of `x`. */

import type { UnaryOp } from "@dl/core";

export const unaryExpressions: Readonly<Record<UnaryOp, string>> = {
  abs: "abs(x)",
  negate: "-x",
  sign: "select(sign(x), x, isNan(x))",
  exp: "exponential(x)",
  expm1: "exponentialMinus1(x)",
  log: "logarithm(x)",
  log1p: "logarithm1p(x)",
  sqrt: "rootOf(x)",
  rsqrt: "1.0 / rootOf(x)",
  square: "x * x",
  reciprocal: "1.0 / x",
  sin: "sineOf(x)",
  cos: "cosineOf(x)",
  tan: "sineOf(x) / cosineOf(x)",
  atan: "arcTangent(x)",
  tanh: "hyperbolicTangent(x)",
  sigmoid: "sigmoidOf(x)",
  softplus: "select(max(x, 0.0) + logarithm1p(exponential(-abs(x))), x, isNan(x))",
  relu: "select(max(x, 0.0), x, isNan(x))",
  erf: "errorFunction(x)",
  gelu: "x * normalBelow(x)",
  geluTanh: "x * sigmoidOf(1.59576912 * (x + 0.044715 * x * x * x))",
  silu: "x * sigmoidOf(x)",
  floor: "floor(x)",
  ceil: "ceil(x)",
  round: "round(x)",
  logicalNot: "1u - x",
  isNaN: "select(0u, 1u, isNan(x))",
  isFinite: "select(0u, 1u, isFin(x))",
};

export const unaryIntExpressions: Partial<Readonly<Record<UnaryOp, string>>> = {
  abs: "abs(x)",
  negate: "-x",
  sign: "sign(x)",
  square: "x * x",
};
