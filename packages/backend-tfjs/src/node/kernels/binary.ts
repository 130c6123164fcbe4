/** Element-wise operations of two inputs, and comparisons. */

import { type BinaryOp, type CompareOp, type Shape, sizeOf } from "@dl/core";
import type { Output } from "../addon.ts";
import type { TensorBuffer } from "../buffer.ts";
import type { Engine, TensorOperand } from "../engine.ts";
import { isFinite } from "./finite.ts";
import { pair, stretched, takesPairAsIs } from "./stretch.ts";
import { normalBelow, tanhArgument } from "./unary.ts";

const operations: Partial<Record<BinaryOp, string>> = {
  add: "AddV2",
  subtract: "Sub",
  multiply: "Mul",
  divide: "RealDiv",
  power: "Pow",
  maximum: "Maximum",
  minimum: "Minimum",
  modulo: "FloorMod",
  atan2: "Atan2",
  squaredDifference: "SquaredDifference",
};

const comparisons: Readonly<Record<CompareOp, string>> = {
  equal: "Equal",
  notEqual: "NotEqual",
  less: "Less",
  lessEqual: "LessEqual",
  greater: "Greater",
  greaterEqual: "GreaterEqual",
  logicalAnd: "LogicalAnd",
  logicalOr: "LogicalOr",
  logicalXor: "NotEqual",
};

export function binary(engine: Engine, op: BinaryOp, a: TensorOperand, b: TensorOperand, shape: Shape): TensorBuffer {
  if (op === "power" && a.dtype === "int32") return engine.buffer(intPower(engine, a, b, shape), a.dtype);
  const operation = op === "divide" && a.dtype === "int32" ? "TruncateDiv" : operations[op];
  if (operation !== undefined && takesPairAsIs(shape)) return engine.buffer(engine.run(operation, pair(engine, a, b, shape)), a.dtype);
  const output = engine.compose(() =>
    operation === undefined
      ? gradient(engine, op, [stretched(engine, a, shape), stretched(engine, b, shape)], shape)
      : engine.run(operation, pair(engine, a, b, shape)),
  );
  return engine.buffer(output, a.dtype);
}

/** TensorFlow refuses negative exponents: ±1 to one is what it is to its positive, any other base gives 0, the fraction cut off. */
function intPower(engine: Engine, a: TensorOperand, b: TensorOperand, shape: Shape): Output {
  const { constants } = engine;
  return engine.compose(() => {
    const [base, exponent] = [stretched(engine, a, shape), stretched(engine, b, shape)];
    const power = engine.step("Pow", [base, engine.step("Abs", [exponent])]);
    const one = engine.step("Equal", [engine.step("Abs", [base]), constants.int(1)]);
    const whole = engine.step("LogicalOr", [engine.step("GreaterEqual", [exponent, constants.int(0)]), one]);
    return engine.run("SelectV2", [whole, power, constants.int(0)]);
  });
}

export function compare(engine: Engine, op: CompareOp, a: TensorOperand, b: TensorOperand, shape: Shape): TensorBuffer {
  const output = engine.compose(() => {
    let inputs = pair(engine, a, b, shape);
    // TensorFlow orders no bools.
    if (a.dtype === "bool" && /^(less|greater)/.test(op)) {
      const types = [engine.type("SrcT", "bool"), engine.type("DstT", "int32")];
      inputs = [engine.step("Cast", [inputs[0]], types), engine.step("Cast", [inputs[1]], types)];
    }
    return engine.run(comparisons[op], inputs);
  });
  return engine.buffer(output, "bool");
}

/** The derivatives of unary operations: g first, then y or x. */
function gradient(engine: Engine, op: BinaryOp, [g, at]: readonly [number, number], shape: Shape): Output {
  const { constants } = engine;
  const times = (x: number, y: number): number => engine.step("Mul", [x, y]);
  switch (op) {
    case "reluGradient":
      return reluGradient(engine, [g, at], shape);
    case "tanhGradient":
      return engine.run("TanhGrad", [at, g]);
    case "sigmoidGradient":
      return engine.run("SigmoidGrad", [at, g]);
    case "geluGradient": {
      // Φ(x) + x·φ(x)
      const density = times(
        engine.step("Exp", [times(engine.step("Square", [at]), constants.float(-0.5))]),
        constants.float(1 / Math.sqrt(2 * Math.PI)),
      );
      return engine.run("Mul", [g, engine.step("AddV2", [normalBelow(engine, at), times(at, density)])]);
    }
    case "geluTanhGradient": {
      // s + x·s·(1 − s)·2u′ with s = σ(2u), 2u′ = 2√(2/π)·(1 + 3·0.044715·x²)
      const s = engine.step("Sigmoid", [tanhArgument(engine, at)]);
      const slope = engine.step("AddV2", [
        times(engine.step("Square", [at]), constants.float(6 * Math.sqrt(2 / Math.PI) * 0.044715)),
        constants.float(2 * Math.sqrt(2 / Math.PI)),
      ]);
      const bend = times(engine.step("SigmoidGrad", [s, at]), slope);
      return engine.run("Mul", [g, engine.step("AddV2", [s, bend])]);
    }
    case "siluGradient": {
      // s + x·s·(1 − s)
      const s = engine.step("Sigmoid", [at]);
      return engine.run("Mul", [g, engine.step("AddV2", [s, engine.step("SigmoidGrad", [s, at])])]);
    }
    default:
      throw new Error(`binary: ${op} has no TensorFlow operation.`);
  }
}

/**
 * g where y > 0, else 0. TensorFlow's ReluGrad multiplies by 0 or 1, and so lets NaN and ∞ of g through where they must not: it is taken where
 * a look at the sum of g, which costs less than choosing does, finds neither.
 */
function reluGradient(engine: Engine, [g, y]: readonly [number, number], shape: Shape): Output {
  const { constants } = engine;
  const size = sizeOf(shape);
  if (size >= 1 << 15 && !engine.gpu && isFinite(engine, g, shape.length)) return engine.run("ReluGrad", [g, y]);
  const open = engine.step("Greater", [y, constants.float(0)]);
  const zeros =
    size <= 4096
      ? constants.made(`zeros${shape}`, () => engine.addon.createTensor(shape, engine.addon.TF_FLOAT, new Float32Array(size)))
      : engine.step("Fill", [constants.ints(shape), constants.float(0)]);
  return engine.run("Select", [open, g, zeros]);
}
