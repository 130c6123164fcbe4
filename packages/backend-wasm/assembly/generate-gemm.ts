/**
 * Writes the micro-kernels of every product of matrices: blocks of up to 4 rows by 8 columns, kept in registers.
 *
 * No unrolling over k: V8 reorders unrolled bodies and spills registers (40 → 28 GFLOPS measured on the prototype).
 * `rows` reads each row of the left side through its own pointer, consecutive in k;
 * `columns` reads four neighbours of the left side per step of k, which lies `leftStep` bytes on.
 */

const maximumRows = 4;
const vectors = 2;

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const each = (length: number, write: (i: number) => string): string => range(length).map(write).join("");

function kernel(kind: "rows" | "columns", rows: number): string {
  const isRows = kind === "rows";
  const left = isRows ? range(rows).map((i) => `a${i}: usize`).join(", ") : "a: usize";
  const skip = (by: string): string => (isRows ? each(rows, (i) => `a${i} += ${by}; `) : `a += ${by};`);
  const accumulators = (write: (i: number, j: number) => string): string => each(rows, (i) => each(vectors, (j) => write(i, j)));
  return `
export function ${kind}${rows}(${left}, b: usize, c: usize, bias: usize): void {
  ${accumulators((i, j) => `let c${i}${j} = f32x4.splat(0); `)}
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length;${isRows ? "" : " const across = leftStep;"}
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        ${each(rows, (i) => `l = v128.load32_splat(${isRows ? `a${i}` : "a"}, ${isRows ? 0 : i * 4}); ${each(vectors, (j) => `c${i}${j} = madd(l, r${j}, c${i}${j}); `)}\n        `)}
        b += step; ${isRows ? skip("4") : skip("across")}
      }
      ${skip("segmentSkip")}
    }
    ${skip("outerSkip")}
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    ${each(rows, (i) => `${each(vectors, (j) => `c${i}${j} = f32x4.add(c${i}${j}, v128.load(p, ${j * 16})); `)}p += pitch;\n    `)}
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    ${accumulators((i, j) => `c${i}${j} = f32x4.add(c${i}${j}, r${j}); `)}
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    ${accumulators((i, j) => `c${i}${j} = f32x4.pmax(c${i}${j}, l); `)}
  }
  if (columns < 8) {
    ${each(rows, (i) => `storeColumns(c, c${i}0, c${i}1, columns); c += pitch; `)}
  } else {
    ${each(rows, (i) => `${each(vectors, (j) => `v128.store(c, c${i}${j}, ${j * 16}); `)}c += pitch; `)}
  }
}
`;
}

function chooser(kind: "rows" | "columns"): string {
  const call = (rows: number): string => {
    const left = kind === "rows" ? range(rows).map((i) => (i === 0 ? "a" : `a + ${i} * rowPitch`)).join(", ") : "a";
    return `    case ${rows}: ${kind}${rows}(${left}, b, c, bias); break;\n`;
  };
  const parameters = kind === "rows" ? "a: usize, rowPitch: usize" : "a: usize";
  return `
/** The kernel for \`rows\` rows${kind === "rows" ? ", \\`rowPitch\\` bytes apart" : ""}. */
export function ${kind}(rows: i32, ${parameters}, b: usize, c: usize, bias: usize): void {
  switch (rows) {
${each(maximumRows, (i) => call(maximumRows - i))}  }
}
`.replaceAll("\\`", "`");
}

/** The source of `assembly/generated/micro-kernels.ts`. */
export function microKernels(): string {
  const all = (["columns", "rows"] as const).map((kind) => each(maximumRows, (i) => kernel(kind, i + 1)) + chooser(kind)).join("");
  return `/** Written by assembly/generate-gemm.ts; run \`pnpm --filter @dl/backend-wasm kernels\`. */

import { madd, storeColumns } from "../vectors";
import { ACCUMULATE, BIAS, RELU, columns as columnsOf, leftStep, length, mode, outer, outerSkip, resultPitch, rightStep, segments, segmentSkip } from "../micro-kernel-state";
${all}`.replaceAll("columns as columnsOf", "width").replaceAll("columns < 8", "width < 8").replaceAll(", columns);", ", width);");
}
