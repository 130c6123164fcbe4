/** Softmax and log-softmax of rows, each shifted by its maximum so that no exponential overflows, and their gradients. */

import type { Operand, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";

/** The maximum of a row, by which it is shifted. A row of −∞ alone has no softmax: −∞ − (−∞) makes it NaN. */
function shiftOf(x: Floats, at: number, length: number): number {
  let best = -Infinity;
  for (let i = at; i < at + length; i++) if (x[i]! > best) best = x[i]!;
  return best;
}

/** Σ exp(x − shift) */
function sumOfExponentials(x: Floats, at: number, length: number, shift: number): number {
  let sum = 0;
  for (let i = at; i < at + length; i++) sum += Math.exp(x[i]! - shift);
  return sum;
}

/** ln Σ exp(x), of one row. */
export function logSumExp(x: Floats, at: number, length: number): number {
  const shift = shiftOf(x, at, length);
  return shift + Math.log(sumOfExponentials(x, at, length, shift));
}

export function softmax(memory: Memory, x: Operand<TypedArray>, rows: number, length: number): Floats {
  const data = x.buffer as Floats;
  const out = memory.floats(data.length);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    const shift = shiftOf(data, at, length);
    const scale = 1 / sumOfExponentials(data, at, length, shift);
    for (let i = at; i < at + length; i++) out[i] = Math.exp(data[i]! - shift) * scale;
  }
  return out;
}

export function softmaxGradient(memory: Memory, g: Operand<TypedArray>, y: Operand<TypedArray>, rows: number, length: number): Floats {
  const gradient = g.buffer as Floats;
  const probabilities = y.buffer as Floats;
  const dx = memory.floats(gradient.length);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    let dot = 0;
    for (let i = at; i < at + length; i++) dot += gradient[i]! * probabilities[i]!;
    for (let i = at; i < at + length; i++) dx[i] = probabilities[i]! * (gradient[i]! - dot);
  }
  return dx;
}

export function logSoftmax(memory: Memory, x: Operand<TypedArray>, rows: number, length: number): Floats {
  const data = x.buffer as Floats;
  const out = memory.floats(data.length);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    // Shift and logarithm are taken off one after the other: their sum would lose the small one's digits.
    const shift = shiftOf(data, at, length);
    const logarithm = Math.log(sumOfExponentials(data, at, length, shift));
    for (let i = at; i < at + length; i++) out[i] = data[i]! - shift - logarithm;
  }
  return out;
}

export function logSoftmaxGradient(memory: Memory, g: Operand<TypedArray>, y: Operand<TypedArray>, rows: number, length: number): Floats {
  const gradient = g.buffer as Floats;
  const logarithms = y.buffer as Floats;
  const dx = memory.floats(gradient.length);
  for (let row = 0, at = 0; row < rows; row++, at += length) {
    let sum = 0;
    for (let i = at; i < at + length; i++) sum += gradient[i]!;
    for (let i = at; i < at + length; i++) dx[i] = gradient[i]! - Math.exp(logarithms[i]!) * sum;
  }
  return dx;
}
