/** Element-wise operations of one input. */

import type { UnaryOp } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";

/** Those that TensorFlow has. */
const operations: Partial<Record<UnaryOp, string>> = {
  abs: "Abs",
  negate: "Neg",
  sign: "Sign",
  exp: "Exp",
  expm1: "Expm1",
  log: "Log",
  log1p: "Log1p",
  sqrt: "Sqrt",
  rsqrt: "Rsqrt",
  square: "Square",
  reciprocal: "Reciprocal",
  sin: "Sin",
  cos: "Cos",
  tan: "Tan",
  atan: "Atan",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  softplus: "Softplus",
  relu: "Relu",
  erf: "Erf",
  floor: "Floor",
  ceil: "Ceil",
  round: "Rint",
  logicalNot: "LogicalNot",
  isNaN: "IsNan",
  isFinite: "IsFinite",
};

export function unary(engine: Engine, op: UnaryOp, x: TensorOperand): TensorBuffer {
  const tensor = engine.tensor(x.buffer);
  const operation = operations[op];
  const dtype = op === "isNaN" || op === "isFinite" ? "bool" : x.dtype;
  return engine.buffer(operation === undefined ? composed(engine, op, tensor) : engine.run(operation, [tensor]), dtype);
}

function composed(engine: Engine, op: UnaryOp, x: number): Output {
  return engine.compose(() => {
    switch (op) {
      case "gelu":
        return engine.run("Mul", [x, normalBelow(engine, x)]);
      case "geluTanh":
        return engine.run("Mul", [x, engine.step("Sigmoid", [tanhArgument(engine, x)])]);
      case "silu":
        return engine.run("Mul", [x, engine.step("Sigmoid", [x])]);
      default:
        throw new Error(`unary: ${op} has no TensorFlow operation.`);
    }
  });
}

/** Φ(x) = erfc(−x/√2)/2: exact far below zero too, where 1 + erf cancels. */
export function normalBelow(engine: Engine, x: number): number {
  const { constants } = engine;
  const tail = engine.step("Erfc", [engine.step("Mul", [x, constants.float(-Math.SQRT1_2)])]);
  return engine.step("Mul", [tail, constants.float(0.5)]);
}

/** 2u where the tanh form of GELU is x·(1 + tanh u)/2 = x·σ(2u); u = √(2/π)·(x + 0.044715·x³). */
export function tanhArgument(engine: Engine, x: number): number {
  const { constants } = engine;
  const slope = engine.step("AddV2", [engine.step("Mul", [engine.step("Square", [x]), constants.float(0.044715)]), constants.float(1)]);
  return engine.step("Mul", [engine.step("Mul", [x, slope]), constants.float(2 * Math.sqrt(2 / Math.PI))]);
}
