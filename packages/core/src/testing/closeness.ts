/** How near a result must be to the oracle's, and the words for one that is not. */

import type { TypedArray } from "../dtype.ts";

/** |actual − expected| ≤ absolute + relative · |expected|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** Of whole numbers, masks and copies nothing may differ. */
export const exact: Tolerance = { absolute: 0, relative: 0 };

/** One operation on float32 numbers: 1 rounding is 2⁻²⁴; GPUs may be off by 2.5 units of 2⁻²³ in a division (WGSL, section 15.7). */
export const oneRounding: Tolerance = { absolute: 0, relative: 3e-7 };

/** Exponentials, logarithms, powers: float32 polynomials are off by some units, more where the argument's rounding is magnified. */
export const transcendental: Tolerance = { absolute: 1e-7, relative: 4e-6 };

/**
 * Sums of `terms` products of numbers of size one. One float32 sum drifts by about ε·terms/3 against √terms, the size of the result;
 * 10⁻⁵·√terms lets that pass up to some hundred thousand terms and nothing worse.
 */
export function sumOf(terms: number): Tolerance {
  return { absolute: 1e-5 * Math.sqrt(Math.max(terms, 1)), relative: 1e-5 };
}

/** Below this a float32 is subnormal, and devices may flush it to zero. */
const smallestNormal = 2 ** -126;

/** The first elements that differ by more than they may, in words; `"equal"` when none does. NaN equals NaN, −0 equals 0. */
export function compareArrays(actual: TypedArray, expected: ArrayLike<number>, { absolute, relative }: Tolerance): string {
  if (actual.length !== expected.length) return `expected ${expected.length} elements, got ${actual.length}`;
  const single = actual instanceof Float32Array;
  const floor = single ? smallestNormal : 0;
  const differences: string[] = [];
  let count = 0;
  for (let i = 0; i < actual.length; i++) {
    const got = actual[i]!;
    // What a float32 cannot hold is ∞ there.
    const want = single ? Math.fround(expected[i]!) : expected[i]!;
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
    if (Math.abs(got - want) <= absolute + relative * Math.abs(want) + floor && Number.isFinite(want)) continue;
    if (count++ < 3) differences.push(`[${i}] expected ${want}, got ${got}`);
  }
  return count === 0 ? "equal" : `${count} of ${actual.length} differ: ${differences.join("; ")}`;
}
