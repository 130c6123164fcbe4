/** The numbers of the elementwise operations and reductions, by their place here; assembly/generated/codes.ts is written from it. */

import type { BinaryOp, ReduceOp, UnaryOp } from "@dl/core";

export const unaryOperations = [
  "abs",
  "negate",
  "sign",
  "exp",
  "expm1",
  "log",
  "log1p",
  "sqrt",
  "rsqrt",
  "square",
  "reciprocal",
  "sin",
  "cos",
  "tan",
  "atan",
  "tanh",
  "sigmoid",
  "softplus",
  "relu",
  "erf",
  "gelu",
  "geluTanh",
  "silu",
  "floor",
  "ceil",
  "round",
  "logicalNot",
  "isNaN",
  "isFinite",
] as const;

export const binaryOperations = [
  "add",
  "subtract",
  "multiply",
  "divide",
  "power",
  "maximum",
  "minimum",
  "modulo",
  "atan2",
  "squaredDifference",
  "reluGradient",
  "tanhGradient",
  "sigmoidGradient",
  "geluGradient",
  "geluTanhGradient",
  "siluGradient",
] as const;

/** `greater` and `greaterEqual` are `less` and `lessEqual` with the operands exchanged, `logicalXor` is `notEqual`. */
export const compareOperations = ["equal", "notEqual", "less", "lessEqual", "logicalAnd", "logicalOr"] as const;

export const reduceOperations = ["sum", "product", "max", "min", "mean", "any", "all"] as const;

const numbered = <Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> =>
  Object.fromEntries(names.map((name, code) => [name, code])) as Record<Name, number>;

// The annotations say that no operation of the contract is missing, and none is misspelt.
export const unaryCode: Readonly<Record<UnaryOp, number>> = numbered(unaryOperations);
export const binaryCode: Readonly<Record<BinaryOp, number>> = numbered(binaryOperations);
export const compareCode: Readonly<Record<(typeof compareOperations)[number], number>> = numbered(compareOperations);
export const reduceCode: Readonly<Record<ReduceOp, number>> = numbered(reduceOperations);
