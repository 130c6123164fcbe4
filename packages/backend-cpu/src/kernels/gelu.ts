/** Gaussian error linear units and their derivatives, element by element. Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2. */

import { erfc } from "./erf.ts";

const inverseRootTwo = Math.SQRT1_2;
const inverseRootTwoPi = 1 / Math.sqrt(2 * Math.PI);
const rootTwoOverPi = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** Φ(x), the normal distribution's. */
function normal(x: number): number {
  return 0.5 * erfc(-x * inverseRootTwo);
}

/** x·Φ(x) */
export function gelu(x: number): number {
  return x * normal(x);
}

/** Φ(x) + x·φ(x) */
export function geluSlope(x: number): number {
  return normal(x) + x * inverseRootTwoPi * Math.exp(-0.5 * x * x);
}

/** x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))), written as x·σ(2u): no cancellation for negative x. */
export function geluTanh(x: number): number {
  return x / (1 + Math.exp(-2 * rootTwoOverPi * (x + cubic * x * x * x)));
}

export function geluTanhSlope(x: number): number {
  const s = 1 / (1 + Math.exp(-2 * rootTwoOverPi * (x + cubic * x * x * x)));
  return s + 2 * x * s * (1 - s) * rootTwoOverPi * (1 + 3 * cubic * x * x);
}
