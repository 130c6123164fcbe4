/** Cross-entropy of logits with whole-number labels, and its gradient, without keeping the probabilities. */

import type { Operand, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { logSumExp } from "./softmax.ts";

export function crossEntropy(
  memory: Memory,
  logits: Operand<TypedArray>,
  labels: Operand<TypedArray>,
  rows: number,
  length: number,
): Floats {
  const data = logits.buffer as Floats;
  const classes = labels.buffer as Int32Array;
  const out = memory.floats(rows);
  for (let row = 0; row < rows; row++) {
    const label = classes[row]!;
    const known = label >= 0 && label < length;
    out[row] = known ? logSumExp(data, row * length, length) - data[row * length + label]! : 0;
  }
  return out;
}

export function crossEntropyGradient(
  memory: Memory,
  g: Operand<TypedArray>,
  logits: Operand<TypedArray>,
  labels: Operand<TypedArray>,
  rows: number,
  length: number,
): Floats {
  const data = logits.buffer as Floats;
  const classes = labels.buffer as Int32Array;
  const dx = memory.floats(data.length);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    const label = classes[row]!;
    if (label < 0 || label >= length) {
      dx.fill(0, at, at + length);
      continue;
    }
    const scale = g.buffer[row]!;
    const normaliser = logSumExp(data, at, length);
    for (let i = 0; i < length; i++) dx[at + i] = scale * (Math.exp(data[at + i]! - normaliser) - (i === label ? 1 : 0));
  }
  return dx;
}
