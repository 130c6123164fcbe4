/** Written by assembly/compile.ts from src/operation-codes.ts. */

export const enum Unary { abs, negate, sign, exp, expm1, log, log1p, sqrt, rsqrt, square, reciprocal, sin, cos, tan, atan, tanh, sigmoid, softplus, relu, erf, gelu, geluTanh, silu, floor, ceil, round, logicalNot, isNaN, isFinite }
export const enum Binary { add, subtract, multiply, divide, power, maximum, minimum, modulo, atan2, squaredDifference, reluGradient, tanhGradient, sigmoidGradient, geluGradient, geluTanhGradient, siluGradient }
export const enum Compare { equal, notEqual, less, lessEqual, logicalAnd, logicalOr }
export const enum Reduce { sum, product, max, min, mean, any, all }
