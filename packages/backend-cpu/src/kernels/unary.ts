/** Element-wise operations of one input: a table of loops, one an operation. */

import { DtypeError, type Operand, type TypedArray, type UnaryOp } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { erf } from "./erf.ts";
import { gelu, geluTanh } from "./gelu.ts";
import { relu } from "./relu.ts";
import { tanhForFloat32 } from "./tanh.ts";

type Loop = (x: Floats, out: Floats, n: number) => void;
type IntLoop = (x: Int32Array, out: Int32Array, n: number) => void;
type TestLoop = (x: Floats, out: Uint8Array, n: number) => void;

/** 1.5·2⁵²: adding and subtracting it rounds a smaller double to a whole number, halves to even. */
const rounder = 6755399441055744;

const floatLoops = {
  abs(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.abs(x[i]!);
  },
  negate(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = -x[i]!;
  },
  sign(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.sign(x[i]!);
  },
  exp(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.exp(x[i]!);
  },
  expm1(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.expm1(x[i]!);
  },
  log(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.log(x[i]!);
  },
  log1p(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.log1p(x[i]!);
  },
  sqrt(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.sqrt(x[i]!);
  },
  rsqrt(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = 1 / Math.sqrt(x[i]!);
  },
  square(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = x[i]! * x[i]!;
  },
  reciprocal(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = 1 / x[i]!;
  },
  sin(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.sin(x[i]!);
  },
  cos(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.cos(x[i]!);
  },
  tan(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.tan(x[i]!);
  },
  atan(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.atan(x[i]!);
  },
  tanh(x, out, n) {
    if (out instanceof Float32Array) for (let i = 0; i < n; i++) out[i] = tanhForFloat32(x[i]!);
    else for (let i = 0; i < n; i++) out[i] = Math.tanh(x[i]!);
  },
  sigmoid(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = 1 / (1 + Math.exp(-x[i]!));
  },
  softplus(x, out, n) {
    for (let i = 0; i < n; i++) {
      const v = x[i]!;
      out[i] = Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
    }
  },
  relu,
  erf(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = erf(x[i]!);
  },
  gelu(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = gelu(x[i]!);
  },
  geluTanh(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = geluTanh(x[i]!);
  },
  silu(x, out, n) {
    for (let i = 0; i < n; i++) {
      const v = x[i]!;
      out[i] = v / (1 + Math.exp(-v));
    }
  },
  floor(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.floor(x[i]!);
  },
  ceil(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.ceil(x[i]!);
  },
  round(x, out, n) {
    for (let i = 0; i < n; i++) {
      const v = x[i]!;
      out[i] = Math.abs(v) < 2 ** 51 ? v + rounder - rounder : v;
    }
  },
} satisfies Record<Exclude<UnaryOp, "logicalNot" | "isNaN" | "isFinite">, Loop>;

const intLoops: Partial<Record<UnaryOp, IntLoop>> = {
  abs(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.abs(x[i]!);
  },
  negate(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = -x[i]!;
  },
  sign(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.sign(x[i]!);
  },
  square(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Math.imul(x[i]!, x[i]!);
  },
};

const testLoops = {
  isNaN(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Number.isNaN(x[i]!) ? 1 : 0;
  },
  isFinite(x, out, n) {
    for (let i = 0; i < n; i++) out[i] = Number.isFinite(x[i]!) ? 1 : 0;
  },
} satisfies Partial<Record<UnaryOp, TestLoop>>;

export function unary(memory: Memory, op: UnaryOp, x: Operand<TypedArray>): TypedArray {
  const data = x.buffer;
  const n = data.length;
  if (op === "logicalNot") {
    if (!(data instanceof Uint8Array)) throw new DtypeError(`${op}: expected a bool tensor, got ${x.dtype}. Compare it with something.`);
    const out = memory.bools(n);
    for (let i = 0; i < n; i++) out[i] = data[i] === 0 ? 1 : 0;
    return out;
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    if (op === "isNaN" || op === "isFinite") {
      const out = memory.bools(n);
      testLoops[op](data, out, n);
      return out;
    }
    const out = memory.floats(n);
    floatLoops[op](data, out, n);
    return out;
  }
  const loop = intLoops[op];
  if (loop === undefined || !(data instanceof Int32Array)) {
    throw new DtypeError(`${op}: expected a float tensor, got ${x.dtype}. Cast it first.`);
  }
  const out = memory.ints(n);
  loop(data, out, n);
  return out;
}
