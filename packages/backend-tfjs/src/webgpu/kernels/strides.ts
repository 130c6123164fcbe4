/** Strided walks: axes that can be walked as one are joined, and what is left becomes WGSL of that rank. */

import type { Shape } from "@dl/core";

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
export function collapse(sizes: readonly number[], strides: readonly (readonly number[])[]): StridedPlan {
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

/** How one operand is walked: as it lies, always its first element, or by strides. */
type Walk = "straight" | "constant" | "strided";

function walkOf(strides: readonly number[]): Walk {
  if (strides.every((stride) => stride === 0)) return "constant";
  return strides.length === 1 && strides[0] === 1 ? "straight" : "strided";
}

export interface WalkCode {
  /** Tells apart sources made by other plans. */
  readonly variant: string;
  /** Parameters that the code reads. */
  readonly ints: Readonly<Record<string, number>>;
  /** WGSL that declares `<name>At` for every operand, from the flat index `i`. */
  readonly code: string;
}

/** Code that finds each named operand's element for output element `i`. */
export function walkCode(names: readonly string[], { sizes, strides }: StridedPlan): WalkCode {
  const walks = strides.map(walkOf);
  const ints: Record<string, number> = {};
  const lines = names
    .filter((_, o) => walks[o] !== "strided")
    .map((name) => `let ${name}At = ${walks[names.indexOf(name)] === "constant" ? "0" : "i"};`);
  const walked = names.filter((_, o) => walks[o] === "strided");
  if (walked.length > 0) {
    lines.push(...walked.map((name) => `var ${name}At = 0;`), "var rest = i;");
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const place = axis === 0 ? "rest" : `(rest % p.size${axis})`;
      if (axis > 0) ints[`size${axis}`] = sizes[axis]!;
      for (const name of walked) {
        ints[`${name}Stride${axis}`] = strides[names.indexOf(name)]![axis]!;
        lines.push(`${name}At += ${place} * p.${name}Stride${axis};`);
      }
      if (axis > 0) lines.push(`rest /= p.size${axis};`);
    }
  }
  return { variant: `${walks.join(",")} ${walked.length > 0 ? sizes.length : 0}`, ints, code: lines.join("\n") };
}
