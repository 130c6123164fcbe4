/** One step of Adam or SGD, in place, and the sum of squares that clipping by norm needs. */

import type { AdamStep, Operand, SgdStep, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";

/** Kingma and Ba 2014, arXiv:1412.6980, algorithm 1; decoupled weight decay: Loshchilov and Hutter 2017, arXiv:1711.05101, algorithm 2. */
export function adamUpdate(
  parameter: Operand<TypedArray>,
  gradient: Operand<TypedArray>,
  first: Operand<TypedArray>,
  second: Operand<TypedArray>,
  step: AdamStep,
): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, correction1, correction2 } = step;
  const p = parameter.buffer as Floats;
  const g = gradient.buffer as Floats;
  const m = first.buffer as Floats;
  const v = second.buffer as Floats;
  const shrink = 1 - learningRate * weightDecay;
  const rate = learningRate / correction1;
  const rootCorrection = Math.sqrt(correction2);
  for (let i = 0; i < p.length; i++) {
    const gi = g[i]!;
    const mi = beta1 * m[i]! + (1 - beta1) * gi;
    const vi = beta2 * v[i]! + (1 - beta2) * gi * gi;
    m[i] = mi;
    v[i] = vi;
    p[i] = p[i]! * shrink - (rate * mi) / (Math.sqrt(vi) / rootCorrection + epsilon);
  }
}

/** As `torch.optim.SGD` defines it: velocity = momentum · velocity + (1 − dampening) · gradient. */
export function sgdUpdate(
  parameter: Operand<TypedArray>,
  gradient: Operand<TypedArray>,
  velocity: Operand<TypedArray> | undefined,
  step: SgdStep,
): void {
  const { learningRate, momentum, dampening, nesterov, weightDecay, first } = step;
  const p = parameter.buffer as Floats;
  const g = gradient.buffer as Floats;
  if (velocity === undefined) {
    for (let i = 0; i < p.length; i++) p[i] = p[i]! - learningRate * (g[i]! + weightDecay * p[i]!);
    return;
  }
  const u = velocity.buffer as Floats;
  for (let i = 0; i < p.length; i++) {
    const gi = g[i]! + weightDecay * p[i]!;
    const ui = first ? gi : momentum * u[i]! + (1 - dampening) * gi;
    u[i] = ui;
    p[i] = p[i]! - learningRate * (nesterov ? gi + momentum * ui : ui);
  }
}

export function sumOfSquares(memory: Memory, operands: readonly Operand<TypedArray>[]): Floats {
  let total = 0;
  for (const { buffer } of operands) total += squares(buffer as Floats);
  const out = memory.floats(1);
  out[0] = total;
  return out;
}

function squares(x: Floats): number {
  let even = 0;
  let odd = 0;
  let i = 0;
  for (; i + 1 < x.length; i += 2) {
    even += x[i]! * x[i]!;
    odd += x[i + 1]! * x[i + 1]!;
  }
  if (i < x.length) even += x[i]! * x[i]!;
  return even + odd;
}
