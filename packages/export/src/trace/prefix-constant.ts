/** Host data that a forward pass makes itself: tables of positions, masks, ranges. */

import { type TypedArray, UnsupportedError } from "@dl/core";
import { type Dimension, isConstant } from "./dimension.ts";
import type { Use } from "./recorded-call.ts";

export interface WholeConstant {
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/**
 * The data to store: as it is where it is the same at all sizes, and else that of the largest sizes, of whose beginning each other is a
 * copy. A range is that, a mask by distance is, and a table of sines.
 *
 * @throws UnsupportedError when it is something else: a table whose values depend on a size.
 */
export function prefixConstant({
  number,
  data,
  shape,
  largest,
}: {
  readonly number: number;
  readonly data: readonly TypedArray[];
  readonly shape: readonly Dimension[];
  readonly largest: Use | undefined;
}): WholeConstant {
  const shapeAt = (trace: number): number[] => shape.map((size) => size[trace]!);
  if (shape.every(isConstant) && data.every((other) => sameElements(other, data[0]!))) return { shape: shapeAt(0), data: data[0]! };
  const origin = largest?.buffer.origin;
  const whole = origin?.kind === "constant" ? { shape: largest!.shape, data: origin.data } : undefined;
  const fits = whole && data.every((part, trace) => isBeginning({ shape: shapeAt(trace), data: part }, whole));
  if (fits) return whole;
  throw new UnsupportedError(
    `export: expected constants that do not change with free sizes but for their length, got others (constant ${number}, of shape [${shapeAt(0).join(", ")}] and [${shapeAt(1).join(", ")}]). Compute it outside and pass it as an input, or give that axis a fixed size.`,
  );
}

function sameElements(a: TypedArray, b: TypedArray): boolean {
  return a.length === b.length && a.every((value: number, i: number) => Object.is(value, b[i]));
}

/** Whether `part` is the corner of `whole` from zero on. */
function isBeginning(part: WholeConstant, whole: WholeConstant): boolean {
  if (part.shape.length !== whole.shape.length || part.shape.some((size, axis) => size > whole.shape[axis]!)) return false;
  const index = part.shape.map(() => 0);
  for (let i = 0; i < part.data.length; i++) {
    let at = 0;
    for (let axis = 0; axis < index.length; axis++) at = at * whole.shape[axis]! + index[axis]!;
    if (!Object.is(part.data[i], whole.data[at])) return false;
    for (let axis = index.length - 1; axis >= 0 && ++index[axis]! === part.shape[axis]; axis--) index[axis] = 0;
  }
  return true;
}
