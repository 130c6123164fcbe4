/** How operands of a broadcast lie: axes that can be walked as one are joined, so that most cases have one or two. */

import { collapseAxes, type StridedPlan, UnsupportedError } from "@dl/core";
import type { Engine } from "../engine.ts";

/** First words of sizes and strides among the arguments; the same as in assembly/broadcast.ts. */
const sizesWord = 64;
const stridesWord = 80;
const maximumAxes = 16;

/** As `collapseAxes`, for no more axes than the arguments hold. */
export function collapse(sizes: readonly number[], strides: readonly (readonly number[])[]): StridedPlan {
  const plan = collapseAxes(sizes, strides);
  if (plan.sizes.length > maximumAxes) {
    throw new UnsupportedError(
      `wasm: expected at most ${maximumAxes} axes that cannot be joined, got ${plan.sizes.length}. Reshape first.`,
    );
  }
  return plan;
}

/** Writes the plan into the arguments. */
export function writePlan(engine: Engine, { sizes, strides }: StridedPlan): void {
  for (let axis = 0; axis < sizes.length; axis++) {
    engine.setAt(sizesWord + axis, sizes[axis]!);
    for (let i = 0; i < strides.length; i++) engine.setAt(stridesWord + i * maximumAxes + axis, strides[i]![axis]!);
  }
}

/** The number of rows: all axes but the last. */
export function rowsOf({ sizes }: StridedPlan): number {
  let rows = 1;
  for (let axis = 0; axis < sizes.length - 1; axis++) rows *= sizes[axis]!;
  return rows;
}
