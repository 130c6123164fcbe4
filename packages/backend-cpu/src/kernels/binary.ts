/** Element-wise operations of two inputs, with broadcasting. */

import { type BinaryOp, DtypeError, type Operand, type Shape, sizeOf, type TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { binaryFloatLoops } from "./binary-float.ts";
import { binaryIntLoops } from "./binary-int.ts";
import { runPair } from "./broadcast-pair.ts";
import { reluGradient } from "./relu.ts";

export function binary(memory: Memory, op: BinaryOp, a: Operand<TypedArray>, b: Operand<TypedArray>, shape: Shape): TypedArray {
  if (a.buffer instanceof Int32Array) {
    const loop = binaryIntLoops[op];
    if (loop === undefined) throw new DtypeError(`${op}: expected float tensors, got int32. Cast them first.`);
    const out = memory.ints(sizeOf(shape));
    runPair(loop, a.buffer, a.shape, b.buffer as Int32Array, b.shape, out, shape);
    return out;
  }
  const out = memory.floats(sizeOf(shape));
  if (op === "reluGradient" && a.buffer.length === out.length && b.buffer.length === out.length) {
    reluGradient(a.buffer as Floats, b.buffer as Floats, out, out.length);
    return out;
  }
  runPair(binaryFloatLoops[op], a.buffer as Floats, a.shape, b.buffer as Floats, b.shape, out, shape);
  return out;
}
