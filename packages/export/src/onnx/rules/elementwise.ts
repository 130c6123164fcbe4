/** Kernels that work element by element, and those that make or convert elements. */

import { UnsupportedError } from "@dl/core";
import type { CallReader, Rule } from "../lowering.ts";
import { elementType } from "../lowering.ts";
import { onnxTypes } from "../onnx-file.ts";
import type { Value } from "../onnx-graph.ts";

/** Operations that ONNX has under one name. */
const plainUnary: Readonly<Record<string, string>> = {
  abs: "Abs",
  negate: "Neg",
  sign: "Sign",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  reciprocal: "Reciprocal",
  sin: "Sin",
  cos: "Cos",
  tan: "Tan",
  atan: "Atan",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  relu: "Relu",
  erf: "Erf",
  floor: "Floor",
  ceil: "Ceil",
  round: "Round",
  softplus: "Softplus",
  logicalNot: "Not",
  isNaN: "IsNaN",
};

type Compose = (call: CallReader, x: Value) => Value;

const like = ({ shape, type }: Value) => ({ shape, type });
const unary =
  (type: string): Compose =>
  (call, x) =>
    call.node(type, [x], like(x));
const binary = (call: CallReader, type: string, a: Value, b: Value): Value => call.node(type, [a, b], like(a));
const number = (call: CallReader, value: number): Value => call.graph.scalar(value);

/** Operations composed of others. */
const composedUnary: Readonly<Record<string, Compose>> = {
  square: (call, x) => binary(call, "Mul", x, x),
  rsqrt: (call, x) => unary("Reciprocal")(call, unary("Sqrt")(call, x)),
  expm1: (call, x) => binary(call, "Sub", unary("Exp")(call, x), number(call, 1)),
  log1p: (call, x) => unary("Log")(call, binary(call, "Add", x, number(call, 1))),
  silu: (call, x) => binary(call, "Mul", x, unary("Sigmoid")(call, x)),
  // x · (1 + erf(x/√2)) / 2, in the order that runtimes recognise as one operation.
  gelu: (call, x) => {
    const erf = unary("Erf")(call, binary(call, "Div", x, number(call, Math.SQRT2)));
    return binary(call, "Mul", binary(call, "Mul", x, binary(call, "Add", erf, number(call, 1))), number(call, 0.5));
  },
  // x · (1 + tanh(√(2/π) · (x + 0.044715·x³))) / 2
  geluTanh: (call, x) => {
    const cube = binary(call, "Mul", binary(call, "Mul", x, x), x);
    const inner = binary(call, "Add", x, binary(call, "Mul", cube, number(call, 0.044715)));
    const tanh = unary("Tanh")(call, binary(call, "Mul", inner, number(call, Math.sqrt(2 / Math.PI))));
    return binary(call, "Mul", binary(call, "Mul", x, binary(call, "Add", tanh, number(call, 1))), number(call, 0.5));
  },
  isFinite: (call, x) => {
    const bool = { shape: x.shape, type: "bool" } as const;
    const either = call.node("Or", [call.node("IsNaN", [x], bool), call.node("IsInf", [x], bool)], bool);
    return call.node("Not", [either], bool);
  },
};

const plainBinary: Readonly<Record<string, string>> = {
  add: "Add",
  subtract: "Sub",
  multiply: "Mul",
  divide: "Div",
  power: "Pow",
  maximum: "Max",
  minimum: "Min",
};

const comparisons: Readonly<Record<string, string>> = {
  equal: "Equal",
  less: "Less",
  lessEqual: "LessOrEqual",
  greater: "Greater",
  greaterEqual: "GreaterOrEqual",
  logicalAnd: "And",
  logicalOr: "Or",
  logicalXor: "Xor",
};

function unknown(call: CallReader, op: string): never {
  throw new UnsupportedError(`exportOnnx: expected operations that ONNX has, got ${call.call.kernel} ${op}. Compute it outside the model.`);
}

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  unary: (call) => {
    const op = call.word("op");
    const x = call.read(0);
    const composed = composedUnary[op];
    if (composed) return composed(call, x);
    const type = plainUnary[op] ?? unknown(call, op);
    return call.node(type, [x], { shape: x.shape, type: op === "isNaN" ? "bool" : x.type });
  },
  binary: (call) => {
    const op = call.word("op");
    const [a, b] = [call.read(0), call.read(1)];
    const form = { shape: call.dimensions("shape"), type: a.type };
    if (op === "squaredDifference") {
      const difference = call.node("Sub", [a, b], form);
      return call.node("Mul", [difference, difference], form);
    }
    if (op === "modulo") {
      // The sign of the divisor: ONNX's Mod has it for whole numbers only.
      if (a.type === "int32") return call.node("Mod", [a, b], form);
      const whole = call.node("Floor", [call.node("Div", [a, b], form)], form);
      return call.node("Sub", [a, call.node("Mul", [whole, b], form)], form);
    }
    return call.node(plainBinary[op] ?? unknown(call, op), [a, b], form);
  },
  compare: (call) => {
    const op = call.word("op");
    const form = { shape: call.dimensions("shape"), type: "bool" } as const;
    const inputs = [call.read(0), call.read(1)];
    if (op === "notEqual") return call.node("Not", [call.node("Equal", inputs, form)], form);
    return call.node(comparisons[op] ?? unknown(call, op), inputs, form);
  },
  where: (call) => {
    const [condition, a, b] = [call.read(0), call.read(1), call.read(2)];
    const shape = call.dimensions("shape");
    if (a.type !== "bool") return call.node("Where", [condition, a, b], { shape, type: a.type });
    // Runtimes have no Where for bools.
    const wide = (x: Value): Value => call.node("Cast", [x], { shape: x.shape, type: "int32", attributes: { to: onnxTypes.int32 } });
    const chosen = call.node("Where", [condition, wide(a), wide(b)], { shape, type: "int32" });
    return call.node("Cast", [chosen], { shape, type: "bool", attributes: { to: onnxTypes.bool } });
  },
  cast: (call) => {
    const x = call.read(0);
    const type = elementType(call.word("dtype") as "float32");
    return x.type === type ? x : call.node("Cast", [x], { shape: x.shape, type, attributes: { to: onnxTypes[type] } });
  },
  fill: (call) => {
    const shape = call.dimensions("shape");
    const type = elementType(call.word("dtype") as "float32");
    const value = scalarOf(call, type);
    return shape.length === 0 ? value : call.node("Expand", [value, call.graph.sizes(shape)], { shape, type });
  },
};

/** The filled value: a constant, a size, or one over a size, as means have it. */
function scalarOf(call: CallReader, type: "float32" | "int32" | "bool"): Value {
  const value = call.dimension("value");
  const fixed = value.every((other) => Object.is(other, value[0]));
  if (fixed) return call.graph.scalar(value[0]!, type);
  const whole = value.every(Number.isInteger);
  const size = call.graph.size(whole ? value : value.map((share) => Math.round(1e6 / share) / 1e6));
  const scalar = call.node("Squeeze", [size], { shape: [], type: "int64" });
  const number = call.node("Cast", [scalar], { shape: [], type, attributes: { to: onnxTypes[type] } });
  return whole ? number : call.node("Reciprocal", [number], { shape: [], type });
}
