/**
 * The product every matmul and convolution is made of: an invocation computes a tile of a few rows by four columns,
 * reading four neighbours at once where they lie together. Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication".
 */

import type { Epilogue } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import type { Binding } from "../program.ts";
import type { Runner } from "../runner.ts";

/** What one step along the summed axis reads. */
export interface Step {
  /** Elements of the summed axis in a step. */
  readonly depth: 1 | 4;
  /** Loads that serve the whole step. */
  readonly before: string;
  /** The left factor of row `i` at element `q` of the step: f32. */
  readonly left: (i: number, q: number) => string;
  /** The right factors of the four columns at element `q`: vec4<f32>. */
  readonly right: (q: number) => string;
}

export interface Product {
  readonly name: string;
  readonly variant: string;
  /** Rows and columns of each result. */
  readonly rows: number;
  readonly columns: number;
  /** Results, one after the other. */
  readonly count: number;
  readonly reads: readonly Binding[];
  readonly ints: Readonly<Record<string, number>>;
  /** WGSL before the loop. `row0`…, `column` (the first of four) and `item` (which result) are there, clamped to what exists. */
  readonly setup: (rows: number) => string;
  /** The loop over the summed axis around `step`. */
  readonly loop: (step: (loads: Step) => string, rows: number) => string;
  readonly epilogue?: Epilogue<DeviceBuffer>;
}

/** Invocations of a workgroup, along columns and rows. */
const groupSize = [8, 8, 1] as const;
const mostGroups = 65535;
export const columnsOfTile = 4;

/** Four neighbours from `name`, a matrix of rows of `columns` elements. */
export function fourColumns(name: string, at: string, { columns, aligned }: { columns: string; aligned: boolean }): string {
  if (aligned) return `${name}[(${at} + column) / 4]`;
  const one = (j: number): string => `${name}[${at} + min(column + ${j}, ${columns} - 1)]`;
  return `vec4<f32>(${[0, 1, 2, 3].map(one).join(", ")})`;
}

export function runProduct(runner: Runner, product: Product): DeviceBuffer {
  const { rows, columns, count, epilogue = {} } = product;
  const y = runner.allocate(count * rows * columns, product.name);
  if (count * rows * columns === 0) return y;
  const tile = runner.traits.tileRows;
  const aligned = columns % 4 === 0;
  const indices = Array.from({ length: tile }, (_, i) => i);
  const { bias, activation } = epilogue;
  // One source serves every epilogue: without a bias, zero is added.
  const none = bias ? undefined : runner.constant(0);
  const groupRows = groupSize[1] * tile;
  for (let firstItem = 0; firstItem < count; firstItem += mostGroups) {
    for (let firstRow = 0; firstRow < rows; firstRow += mostGroups * groupRows) {
      runner.run({
        name: product.name,
        variant: `${product.variant} ${aligned} ${tile}`,
        reads: [...product.reads, { name: "bias", type: "f32", buffer: bias?.buffer ?? none! }],
        writes: [{ name: "result", type: aligned ? "vec4f" : "f32", buffer: y }],
        ints: {
          ...product.ints,
          rows,
          columns,
          firstItem,
          firstRow,
          lastBias: bias ? columns - 1 : 0,
          relu: activation === "relu" ? 1 : 0,
        },
        groupSize,
        groups: [
          Math.ceil(columns / (groupSize[0] * columnsOfTile)),
          Math.min(mostGroups, Math.ceil((rows - firstRow) / groupRows)),
          Math.min(mostGroups, count - firstItem),
        ],
        declarations: () => [
          "fn isNan4(x: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }",
        ],
        body: () => `
let item = p.firstItem + group.z;
let firstOfTile = p.firstRow + (group.y * ${groupSize[1]} + local.y) * ${tile};
let firstColumn = (group.x * ${groupSize[0]} + local.x) * ${columnsOfTile};
if (firstOfTile >= p.rows || firstColumn >= p.columns) { return; }
let column = firstColumn;
${indices.map((i) => `let row${i} = min(firstOfTile + ${i}, p.rows - 1);\nvar c${i} = vec4<f32>();`).join("\n")}
${product.setup(tile)}
${product.loop((loads) => stepCode(loads, indices), tile)}
${indices.map((i) => storeCode(i, aligned)).join("\n")}`,
      });
    }
  }
  if (none) runner.memory.free(none);
  return y;
}

function stepCode({ depth, before, left, right }: Step, indices: readonly number[]): string {
  const parts = Array.from(
    { length: depth },
    (_, q) => `{ let b = ${right(q)};\n${indices.map((i) => `c${i} = ${left(i, q)} * b + c${i};`).join("\n")} }`,
  );
  return `${before}\n${parts.join("\n")}`;
}

function storeCode(i: number, aligned: boolean): string {
  const biases = [0, 1, 2, 3].map((j) => `bias[min(column + ${j}, p.lastBias)]`).join(", ");
  const lines = [`if (firstOfTile + ${i} < p.rows) {`, `var v = c${i} + vec4<f32>(${biases});`];
  lines.push("if (p.relu == 1) { v = select(max(v, vec4<f32>()), v, isNan4(v)); }");
  lines.push(`let at = (item * p.rows + row${i}) * p.columns + column;`);
  if (aligned) lines.push("result[at / 4] = v;");
  else for (let j = 0; j < 4; j++) lines.push(`if (column + ${j} < p.columns) { result[at + ${j}] = v[${j}]; }`);
  return `${lines.join("\n")} }`;
}
