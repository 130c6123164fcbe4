/** What the parts of the contract of fused kernels share. */

import type { FusedKernels } from "../backend.ts";
import type { Tolerance } from "./closeness.ts";
import type { Output } from "./comparison.ts";
import type { Claim } from "./kernel-contract.ts";

/** Registers the checks of one fused kernel; each file checks those it knows. */
export type FusedCheck = (name: keyof FusedKernels<unknown>, claim: Claim) => void;

/** Rows and their length: one, none, odd, long, many. */
export const rowSizes: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 7],
  [0, 5],
  [5, 10],
  [33, 65],
  [2, 4099],
  [2048, 129],
];

export function float32(shape: readonly number[], tolerance: Tolerance): Output {
  return { shape, dtype: "float32", tolerance };
}
