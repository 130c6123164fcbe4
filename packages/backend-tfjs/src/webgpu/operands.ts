/** Operands of kernels as bindings of shaders. */

import type { DType, Operand } from "@dl/core";
import type { DeviceBuffer } from "./memory.ts";
import type { Binding, WordType } from "./program.ts";

export type GpuOperand = Operand<DeviceBuffer>;

/** Bools are words of 0 or 1: shaders write whole words. */
export function wordType(dtype: DType): WordType {
  if (dtype === "int32") return "i32";
  return dtype === "bool" ? "u32" : "f32";
}

/** An operand under a name, as words of its dtype, or of another type of the same bits. */
export function bind(name: string, { buffer, dtype }: GpuOperand, type: WordType = wordType(dtype)): Binding {
  return { name, type, buffer };
}

const floatWord = new Float32Array(1);
const floatBits = new Int32Array(floatWord.buffer);

/** The bits of one element. Kernels that only move elements take all dtypes as words. */
export function wordOf(value: number, dtype: DType): number {
  if (wordType(dtype) !== "f32") return value;
  floatWord[0] = value;
  return floatBits[0]!;
}
