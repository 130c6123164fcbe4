/** Integers in the place of floats: x ≈ scale · (q − zeroPoint). Jacob et al. 2018, arXiv:1712.05877, equation 1; Nagel et al. 2021, arXiv:2106.08295. */

import { OptionError } from "@dl/core";

/** The integers there are, both ends included. */
export interface IntegerRange {
  readonly low: number;
  readonly high: number;
}

/** Of activations: all of int8. */
export const activationIntegers: IntegerRange = { low: -128, high: 127 };

/** Of weights: as many below zero as above, so that no zero point is needed. */
export const weightIntegers: { readonly 4: IntegerRange; readonly 8: IntegerRange } = {
  4: { low: -7, high: 7 },
  8: { low: -127, high: 127 },
};

export type WeightBits = keyof typeof weightIntegers;

export interface AffineScale {
  /** Above 0. */
  readonly scale: number;
  /** The integer that means 0. */
  readonly zeroPoint: number;
}

/** The smallest scale there is: float32's epsilon, as in PyTorch's observers. */
export const leastScale: number = 2 ** -23;

/**
 * Scale and zero point of values from `min` to `max`. The range is widened to hold 0, which is an integer exactly: padding adds no error.
 *
 * @example
 * affineScale({ min: -1, max: 1.55 }); // { scale: 0.01, zeroPoint: -28 }
 */
export function affineScale(
  { min, max }: { readonly min: number; readonly max: number },
  { low, high }: IntegerRange = activationIntegers,
): AffineScale {
  if (!(min <= max && Number.isFinite(min) && Number.isFinite(max))) {
    throw new OptionError(`affineScale: expected finite min ≤ max, got ${min} and ${max}. Did the model give NaN on the calibration data?`);
  }
  const [least, most] = [Math.min(0, min), Math.max(0, max)];
  const scale = Math.max(leastScale, (most - least) / (high - low));
  const zeroPoint = Math.min(high, Math.max(low, low - roundToEven(least / scale)));
  return { scale, zeroPoint };
}

/** Nearest whole number, halves to even, as devices round. */
export function roundToEven(x: number): number {
  // Adding 1.5 · 2⁵² leaves no bits for a fraction.
  return Math.abs(x) < 2 ** 51 ? x + 6_755_399_441_055_744 - 6_755_399_441_055_744 : x;
}
