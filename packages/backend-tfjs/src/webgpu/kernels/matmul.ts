/** Matrix products: four layouts, batches by index, long sums of few results cut into parts. */

import type { Kernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import type { Binding } from "../program.ts";
import type { Runner } from "../runner.ts";
import { addParts } from "./parts.ts";
import { columnsOfTile, fourColumns, runProduct, type Step } from "./product.ts";

/** For item b, matrix ⌊b / every⌋ mod count: how broadcasts over batches lie. */
interface IndexPattern {
  readonly every: number;
  readonly count: number;
}

function patternOf(index: Int32Array | undefined, batches: number): IndexPattern | undefined {
  if (index === undefined) return { every: 1, count: batches };
  const changed = index.findIndex((value) => value !== 0);
  const every = changed < 0 ? Math.max(1, index.length) : changed;
  let count = 1;
  for (const value of index) count = Math.max(count, value + 1);
  if (every === 0) return undefined;
  return index.every((value, b) => value === Math.floor(b / every) % count) ? { every, count } : undefined;
}

export function matmulKernels(runner: Runner): Pick<Kernels<DeviceBuffer>, "matmul"> {
  return {
    matmul(a, b, { batches, m, k, n, transposeA, transposeB, aIndex, bIndex }, epilogue) {
      const indices: DeviceBuffer[] = [];
      const reads: Binding[] = [];
      const ints: Record<string, number> = { k, batches };
      /** WGSL of the number of the matrix that item `item` takes. */
      const matrix = (side: "a" | "b", index: Int32Array | undefined): string => {
        const pattern = patternOf(index, batches);
        if (pattern) {
          ints[`${side}Every`] = pattern.every;
          ints[`${side}Count`] = pattern.count;
          return `((batch / p.${side}Every) % p.${side}Count)`;
        }
        const buffer = runner.allocate(index!.length, "matmul");
        runner.write(buffer, index!);
        indices.push(buffer);
        reads.push({ name: `${side}Index`, type: "i32", buffer });
        return `${side}Index[batch]`;
      };
      const [aMatrix, bMatrix] = [matrix("a", aIndex), matrix("b", bIndex)];
      const tile = runner.traits.tileRows;
      const depth = k % 4 === 0 ? 4 : 1;
      const aFour = transposeA ? m % 4 === 0 : depth === 4;
      const bFour = transposeB ? depth === 4 : n % 4 === 0;
      reads.unshift(
        { name: "a", type: aFour ? "vec4f" : "f32", buffer: a.buffer },
        { name: "b", type: bFour ? "vec4f" : "f32", buffer: b.buffer },
      );

      // Few results of long sums: other invocations take other parts of the sum.
      const invocations = batches * Math.ceil(m / tile) * Math.ceil(n / columnsOfTile);
      const plain = epilogue.bias === undefined && epilogue.activation === undefined;
      const parts = plain && k >= 512 && invocations < 2048 ? Math.min(Math.ceil(k / 128), Math.ceil(4096 / Math.max(invocations, 1))) : 1;
      ints.parts = parts;
      ints.part = Math.ceil(k / parts / 4) * 4;

      const step: Step = {
        depth,
        before: beforeStep(tile, { transposeA, transposeB, aFour, bFour }),
        left: leftOf({ transposeA, aFour }),
        right: rightOf({ transposeB, bFour }),
      };
      const partial = runProduct(runner, {
        name: "matmul",
        variant: `${transposeA} ${transposeB} ${depth} ${aFour} ${bFour} ${aMatrix} ${bMatrix}`,
        rows: m,
        columns: n,
        count: batches * parts,
        reads,
        ints,
        setup: (rows) => `
let part = item / p.batches;
let batch = item % p.batches;
let aBase = ${aMatrix} * p.rows * p.k;
let bBase = ${bMatrix} * p.columns * p.k;
${Array.from({ length: rows }, (_, i) => (transposeA ? "" : `let aRow${i} = aBase + row${i} * p.k;`)).join("\n")}
${transposeB ? [0, 1, 2, 3].map((j) => `let bRow${j} = bBase + min(column + ${j}, p.columns - 1) * p.k;`).join("\n") : ""}
let low = part * p.part;
let high = min(p.k, low + p.part);`,
        loop: (emit) => `for (var s = low; s < high; s += ${depth}) {\n${emit(step)}\n}`,
        epilogue,
      });
      for (const buffer of indices) runner.memory.free(buffer);
      return parts === 1 ? partial : addParts(runner, partial, { parts, length: batches * m * n });
    },
  };
}

interface Layout {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly aFour: boolean;
  readonly bFour: boolean;
}

function beforeStep(tile: number, { transposeA, transposeB, aFour, bFour }: Layout): string {
  const lines: string[] = [];
  if (!transposeA && aFour) for (let i = 0; i < tile; i++) lines.push(`let a${i} = a[(aRow${i} + s) / 4];`);
  if (transposeB && bFour) for (let j = 0; j < 4; j++) lines.push(`let b${j} = b[(bRow${j} + s) / 4];`);
  return lines.join("\n");
}

function leftOf({ transposeA, aFour }: Pick<Layout, "transposeA" | "aFour">): Step["left"] {
  if (transposeA && aFour) return (i, q) => `a[(aBase + (s + ${q}) * p.rows + row${i - (i % 4)}) / 4][${i % 4}]`;
  if (transposeA) return (i, q) => `a[aBase + (s + ${q}) * p.rows + row${i}]`;
  return aFour ? (i, q) => `a${i}[${q}]` : (i, q) => `a[aRow${i} + s + ${q}]`;
}

function rightOf({ transposeB, bFour }: Pick<Layout, "transposeB" | "bFour">): Step["right"] {
  if (!transposeB) return (q) => fourColumns("b", `bBase + (s + ${q}) * p.columns`, { columns: "p.columns", aligned: bFour });
  if (bFour) return (q) => `vec4<f32>(b0[${q}], b1[${q}], b2[${q}], b3[${q}])`;
  return (q) => `vec4<f32>(b[bRow0 + s + ${q}], b[bRow1 + s + ${q}], b[bRow2 + s + ${q}], b[bRow3 + s + ${q}])`;
}
