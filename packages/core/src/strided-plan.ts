/** How operands of a broadcast lie: axes that can be walked as one are joined, so that most cases have one or two. For backends. */

import type { Shape } from "./shape.ts";

/** A walk over several operands at once. */
export interface StridedPlan {
  /** At least one axis. */
  readonly sizes: readonly number[];
  /** Per operand, in elements. */
  readonly strides: readonly (readonly number[])[];
}

/** Strides of a contiguous operand stretched to `shape`: 0 along stretched axes. */
export function broadcastStrides(operand: Shape, shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let i = 1; i <= operand.length; i++) {
    const size = operand[operand.length - i]!;
    if (size !== 1) strides[shape.length - i] = stride;
    stride *= size;
  }
  return strides;
}

/** Drops axes of size 1 and joins neighbours that every operand walks without a break. */
export function collapseAxes(sizes: readonly number[], strides: readonly (readonly number[])[]): StridedPlan {
  const joinedSizes: number[] = [];
  const joined: number[][] = strides.map(() => []);
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    const size = sizes[axis]!;
    if (size === 1) continue;
    const last = joinedSizes.length - 1;
    if (last >= 0 && strides.every((own, i) => own[axis] === joined[i]![last]! * joinedSizes[last]!)) joinedSizes[last]! *= size;
    else {
      joinedSizes.push(size);
      for (const [i, own] of strides.entries()) joined[i]!.push(own[axis]!);
    }
  }
  if (joinedSizes.length === 0) return { sizes: [1], strides: strides.map(() => [1]) };
  return { sizes: joinedSizes.reverse(), strides: joined.map((own) => own.reverse()) };
}
