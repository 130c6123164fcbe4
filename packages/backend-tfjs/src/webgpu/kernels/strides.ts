/** Strided walks: axes that can be walked as one are joined, and what is left becomes WGSL of that rank. */

import { type StridedPlan, UnsupportedError } from "@dl/core";

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
