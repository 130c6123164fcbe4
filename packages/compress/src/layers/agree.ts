/** Whether two outputs of a model are the same up to rounding. */

import type { HostTensor } from "@dl/core";

/** The largest difference, over the largest value (at least 1). Infinite where a value is no number, or shapes differ. */
export function relativeDifference(a: HostTensor, b: HostTensor): number {
  if (a.shape.join() !== b.shape.join()) return Number.POSITIVE_INFINITY;
  let [difference, largest] = [0, 1];
  for (let i = 0; i < a.data.length; i++) {
    const distance = Math.abs(a.data[i]! - b.data[i]!);
    if (!Number.isFinite(distance)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, distance);
    largest = Math.max(largest, Math.abs(a.data[i]!));
  }
  return difference / largest;
}

/** Sums in another order: some hundred float32 roundings. */
export const sameAnswers = 1e-4;
