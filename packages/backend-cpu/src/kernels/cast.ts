/** Conversion between dtypes, and constants. */

import { type DType, isFloat, type Operand, type Shape, sizeOf, type TypedArray } from "@dl/core";
import type { Memory } from "../memory.ts";

export function cast(memory: Memory, x: Operand<TypedArray>, dtype: DType): TypedArray {
  const data = x.buffer;
  if (dtype === "bool" && x.dtype !== "bool") {
    const out = memory.bools(data.length);
    for (let i = 0; i < out.length; i++) out[i] = data[i] !== 0 ? 1 : 0;
    return out;
  }
  const out = memory.of(dtype, data.length);
  // A store into an Int32Array truncates.
  out.set(data);
  return out;
}

export function fill(memory: Memory, shape: Shape, dtype: DType, value: number): TypedArray {
  const out = memory.of(dtype, sizeOf(shape));
  out.fill(isFloat(dtype) || dtype === "int32" ? value : value !== 0 ? 1 : 0);
  return out;
}
