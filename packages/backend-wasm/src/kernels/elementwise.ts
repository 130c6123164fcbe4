/** Element by element: functions of one and of two tensors, comparisons, choices, conversions. */

import { broadcastStrides, bytesPerElement, type CompareOp, type DType, type Kernels, type Operand, type Shape, sizeOf } from "@dl/core";
import type { Engine } from "../engine.ts";
import { binaryCode, compareCode, unaryCode } from "../operation-codes.ts";
import { collapse, rowsOf, writePlan } from "./broadcast-plan.ts";

type ElementwiseKernels = Pick<Kernels<number>, "unary" | "binary" | "compare" | "where" | "cast" | "fill" | "broadcast">;

/** Nanoseconds an element on one thread: memory-bound, polynomial, and scalar code. */
const cheap = 0.2;
const polynomial = 1;
const scalar = 15;
const unaryCost: Readonly<Record<string, number>> = {
  exp: polynomial,
  expm1: polynomial,
  log: polynomial,
  log1p: polynomial,
  tanh: polynomial,
  sigmoid: polynomial,
  softplus: 2,
  erf: 2,
  gelu: 2,
  geluTanh: polynomial,
  silu: polynomial,
  sin: scalar,
  cos: scalar,
  tan: scalar,
  atan: scalar,
};
const binaryCost: Readonly<Record<string, number>> = {
  power: 2 * scalar,
  modulo: scalar,
  atan2: scalar,
  geluGradient: 3,
  geluTanhGradient: 2,
  siluGradient: 2,
};

const dtypeCode: Readonly<Record<DType, number>> = { float32: 0, float64: 0, int32: 1, bool: 2 };

/** Comparisons the module has under another name, with the operands exchanged or not. */
const mirrored: Readonly<Record<CompareOp, { op: keyof typeof compareCode; exchange: boolean }>> = {
  equal: { op: "equal", exchange: false },
  notEqual: { op: "notEqual", exchange: false },
  less: { op: "less", exchange: false },
  lessEqual: { op: "lessEqual", exchange: false },
  greater: { op: "less", exchange: true },
  greaterEqual: { op: "lessEqual", exchange: true },
  logicalAnd: { op: "logicalAnd", exchange: false },
  logicalOr: { op: "logicalOr", exchange: false },
  logicalXor: { op: "notEqual", exchange: false },
};

/** Vectors of 16 elements; blocks are padded to them. */
const runs = (length: number): number => (length + 15) >>> 4;

export function elementwiseKernels(engine: Engine): ElementwiseKernels {
  const { heap } = engine;
  const kernels: ElementwiseKernels = {
    unary(op, x) {
      const length = sizeOf(x.shape);
      if (op === "logicalNot" || op === "isNaN" || op === "isFinite") {
        const y = heap.allocate(length, op);
        engine.set(unaryCode[op], x.buffer, y);
        engine.run("predicate", { total: runs(length), cost: length * cheap });
        return y;
      }
      const y = heap.allocate(length * 4, op);
      engine.set(unaryCode[op], x.buffer, y, x.dtype === "int32" ? 1 : 0);
      engine.run("unary", { total: runs(length), cost: length * (unaryCost[op] ?? cheap) });
      return y;
    },

    binary(op, a, b, shape) {
      const length = sizeOf(shape);
      const y = heap.allocate(length * 4, op);
      if (length === 0) return y;
      const cost = length * (binaryCost[op] ?? cheap);
      const whole = a.dtype === "int32" ? 1 : 0;
      const aLength = sizeOf(a.shape);
      const bLength = sizeOf(b.shape);
      if ((aLength === length || aLength === 1) && (bLength === length || bLength === 1) && (aLength === length || bLength === length)) {
        engine.set(binaryCode[op], a.buffer, b.buffer, y, 0, aLength === length ? 1 : 0, bLength === length ? 1 : 0, whole);
        engine.run("binary", { total: runs(length), cost });
        return y;
      }
      const plan = collapse(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)]);
      const rank = plan.sizes.length;
      engine.set(binaryCode[op], a.buffer, b.buffer, y, rank, plan.strides[0]![rank - 1]!, plan.strides[1]![rank - 1]!, whole);
      writePlan(engine, plan);
      const total = rowsOf(plan);
      engine.run("binary", { total, cost: cost + total * 5 });
      return y;
    },

    compare(op, a, b, shape) {
      const length = sizeOf(shape);
      const y = heap.allocate(length, op);
      if (length === 0) return y;
      const { op: own, exchange } = mirrored[op];
      const [left, right] = exchange ? [b, a] : [a, b];
      const plan = collapse(shape, [broadcastStrides(left.shape, shape), broadcastStrides(right.shape, shape)]);
      const rank = plan.sizes.length;
      const steps = [plan.strides[0]![rank - 1]!, plan.strides[1]![rank - 1]!] as const;
      engine.set(compareCode[own], left.buffer, right.buffer, y, rank, steps[0], steps[1], dtypeCode[a.dtype]);
      writePlan(engine, plan);
      engine.run("compare", { total: rowsOf(plan), cost: length * 0.5 });
      return y;
    },

    where(condition, a, b, shape) {
      const length = sizeOf(shape);
      const bytes = bytesPerElement[a.dtype];
      const y = heap.allocate(length * bytes, "where");
      if (length === 0) return y;
      const plan = collapse(
        shape,
        [condition, a, b].map((operand) => broadcastStrides(operand.shape, shape)),
      );
      engine.set(condition.buffer, a.buffer, b.buffer, y, plan.sizes.length, bytes);
      writePlan(engine, plan);
      engine.run("where", { total: rowsOf(plan), cost: length * 0.5 });
      return y;
    },

    cast(x, dtype) {
      const length = sizeOf(x.shape);
      const from = dtypeCode[x.dtype];
      const to = dtypeCode[dtype];
      const y = heap.allocate(length * (to === 2 ? 1 : 4), "cast");
      engine.set(x.buffer, y, from, to);
      if (from === to) copy(engine, length * bytesPerElement[x.dtype], x.buffer, y);
      else engine.run("cast", { total: runs(length), cost: length * cheap });
      return y;
    },

    fill(shape, dtype, value) {
      const bytes = sizeOf(shape) * (dtype === "bool" ? 1 : 4);
      const y = heap.allocate(bytes, "fill");
      engine.set(y, dtype === "bool" ? (value ? 0x01010101 : 0) : value);
      if (dtype === "float32" || dtype === "float64") engine.setFloat(1, value);
      engine.run("fill", { total: (bytes + 63) >>> 6, cost: bytes * 0.03 });
      return y;
    },

    broadcast(x, shape) {
      return stretch(engine, x, shape);
    },
  };
  return kernels;
}

/** Copies bytes between buffers. */
function copy(engine: Engine, bytes: number, from: number, to: number): void {
  new Uint8Array(engine.buffer).copyWithin(to, from, from + bytes);
}

function stretch(engine: Engine, x: Operand<number>, shape: Shape): number {
  const bytes = bytesPerElement[x.dtype];
  const length = sizeOf(shape);
  const y = engine.heap.allocate(length * bytes, "broadcast");
  if (length === 0) return y;
  const own: number[] = new Array(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    own[axis] = stride;
    stride *= shape[axis]!;
  }
  const plan = collapse(shape, [broadcastStrides(x.shape, shape), own]);
  engine.set(x.buffer, y, plan.sizes.length, bytes);
  writePlan(engine, plan);
  engine.run("copyStrided", { total: rowsOf(plan), cost: length });
  return y;
}
