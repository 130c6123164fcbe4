/** Strided walks: axes that can be walked as one are joined, and what is left becomes WGSL of that rank. */

import { type Shape, UnsupportedError } from "@dl/core";

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

/** Walks of other than these numbers of axes are padded with axes of one element: few sources serve all shapes. */
const ranks = [2, 4, 6, 8, 16];

export interface WalkCode {
  /** Tells apart sources made by other plans. */
  readonly variant: string;
  /** Parameters that the code reads. */
  readonly ints: Readonly<Record<string, number>>;
  /** WGSL that declares `<name>At` for every operand, from the flat index `i`. */
  readonly code: () => string;
  /** Per operand: element `i` reads its element `i`. */
  readonly own: readonly boolean[];
}

/** Code that finds each named operand's element for output element `i`. */
export function walkCode(names: readonly string[], { sizes, strides }: StridedPlan): WalkCode {
  const simple = strides.map((own) => (own.every((stride) => stride === 0) ? "0" : own.length === 1 && own[0] === 1 ? "i" : undefined));
  if (simple.every((at) => at !== undefined)) {
    return {
      variant: simple.join(),
      ints: {},
      code: () => names.map((name, o) => `let ${name}At = ${simple[o]};`).join("\n"),
      own: simple.map((at) => at === "i"),
    };
  }
  const rank = ranks.find((each) => each >= sizes.length);
  if (rank === undefined) {
    throw new UnsupportedError(`webgpu: expected at most 16 axes that cannot be joined, got ${sizes.length}. Reshape first.`);
  }
  const ints: Record<string, number> = {};
  const padding = rank - sizes.length;
  for (let axis = 0; axis < rank; axis++) {
    if (axis > 0) ints[`size${axis}`] = sizes[axis - padding] ?? 1;
    for (const [o, name] of names.entries()) ints[`${name}Stride${axis}`] = strides[o]![axis - padding] ?? 0;
  }
  const code = (): string => {
    const lines = [...names.map((name) => `var ${name}At = 0;`), "var rest = i;"];
    for (let axis = rank - 1; axis >= 0; axis--) {
      if (axis > 0) lines.push(`let place${axis} = rest % p.size${axis}; rest /= p.size${axis};`);
      for (const name of names) lines.push(`${name}At += ${axis > 0 ? `place${axis}` : "rest"} * p.${name}Stride${axis};`);
    }
    return lines.join("\n");
  };
  return { variant: `${rank}`, ints, code, own: names.map(() => false) };
}
