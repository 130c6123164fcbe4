/** Two sums over the rows of a matrix at once, per column: parts of the rows first, then the parts. */

import type { DeviceBuffer } from "../memory.ts";
import type { Binding } from "../program.ts";
import type { Runner } from "../runner.ts";

export interface ColumnSums {
  readonly name: string;
  readonly reads: readonly Binding[];
  readonly rows: number;
  readonly columns: number;
  readonly floats?: Readonly<Record<string, number>>;
  /** WGSL before the loop over rows; `column` is there. */
  readonly before: string;
  /** WGSL that declares `u` and `v`, what element `at` in row `row` adds to the two sums. */
  readonly terms: string;
  /** What becomes of the sums: WGSL of the two results from `u`, `v` and `column`. Default the sums themselves. */
  readonly results?: readonly [string, string];
}

const busy = 4096;

/** `[columns]` each. */
export function columnSums(runner: Runner, sums: ColumnSums): [DeviceBuffer, DeviceBuffer] {
  const { name, reads, rows, columns, floats = {}, before, terms, results = ["u", "v"] } = sums;
  const parts = Math.max(1, Math.min(Math.ceil(rows / 16), Math.ceil(busy / Math.max(columns, 1)), 256));
  const partial = runner.allocate(2 * parts * columns, name);
  runner.run({
    name: `${name} parts`,
    reads,
    writes: [{ name: "partial", type: "f32", buffer: partial }],
    ints: { rows, columns, parts, part: Math.ceil(rows / parts) },
    floats,
    threads: parts * columns,
    body: () => `
let column = i % p.columns;
let part = i / p.columns;
let last = min(p.rows, (part + 1) * p.part);
${before}
var sumU = 0.0;
var sumV = 0.0;
for (var row = part * p.part; row < last; row++) {
  let at = row * p.columns + column;
  ${terms}
  sumU += u;
  sumV += v;
}
partial[i] = sumU;
partial[p.parts * p.columns + i] = sumV;`,
  });
  const first = runner.allocate(columns, name);
  const second = runner.allocate(columns, name);
  const bound = results[0] === "u" ? [] : reads;
  runner.run({
    name: `${name} sums`,
    reads: [{ name: "partial", type: "f32", buffer: partial }, ...bound],
    writes: [
      { name: "first", type: "f32", buffer: first },
      { name: "second", type: "f32", buffer: second },
    ],
    ints: { rows, columns, parts },
    threads: columns,
    body: () => `
let column = i;
var u = 0.0;
var v = 0.0;
for (var part = 0; part < p.parts; part++) {
  u += partial[part * p.columns + i];
  v += partial[(p.parts + part) * p.columns + i];
}
first[i] = ${results[0]};
second[i] = ${results[1]};`,
  });
  runner.memory.free(partial);
  return [first, second];
}
