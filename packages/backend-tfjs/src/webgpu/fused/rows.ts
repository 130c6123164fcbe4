/** Kernels over rows: on hardware a workgroup a row with sums through shared memory, on software adapters an invocation a row. */

import type { Binding } from "../program.ts";
import type { Runner } from "../runner.ts";
import { mathematics } from "../wgsl-mathematics.ts";

export interface RowLaunch {
  readonly name: string;
  readonly reads: readonly Binding[];
  readonly writes: readonly Binding[];
  readonly rows: number;
  readonly length: number;
  readonly floats?: Readonly<Record<string, number>>;
  /** Names of functions of wgsl-mathematics. */
  readonly functions?: readonly string[];
  /** Row `row` writes element `row` of each result and no other. Default false. */
  readonly pointwise?: boolean;
  /**
   * WGSL for one row: `row`, `first` (of its elements) are there; `EACH { … }` visits its elements at `first + k`; `sumOf` and `maxOf` join
   * what the invocations of a row found, and `leader` is one of them. No `sumOf` inside `EACH` or a condition.
   */
  readonly body: string;
}

const lanes = 64;
const mostGroups = 65535;

const together = `
var<private> laneOfRow: i32;
var<workgroup> shared_: array<f32, ${lanes}>;
${(["sumOf", "maxOf"] as const)
  .map(
    (name) => `
fn ${name}(own: f32) -> f32 {
  shared_[laneOfRow] = own;
  workgroupBarrier();
  for (var half = ${lanes / 2}; half > 0; half /= 2) {
    if (laneOfRow < half) {
      let a = shared_[laneOfRow];
      let b = shared_[laneOfRow + half];
      shared_[laneOfRow] = ${name === "sumOf" ? "a + b" : "select(a, b, b > a)"};
    }
    workgroupBarrier();
  }
  let all = shared_[0];
  workgroupBarrier();
  return all;
}`,
  )
  .join("\n")}`;

const alone = "fn sumOf(own: f32) -> f32 { return own; }\nfn maxOf(own: f32) -> f32 { return own; }";

export function runRows(
  runner: Runner,
  { name, reads, writes, rows, length, floats = {}, functions = [], pointwise = false, body }: RowLaunch,
): void {
  const { cooperative } = runner.traits;
  const groupsWide = Math.min(rows, mostGroups);
  runner.run({
    name,
    variant: cooperative ? "together" : "alone",
    reads,
    writes,
    ints: { rows, length, groupsWide },
    floats,
    ...(cooperative ? { groups: [groupsWide, Math.ceil(rows / mostGroups), 1] as const } : { threads: rows, pointwise }),
    declarations: () => [...mathematics(["constants", "isNan", ...functions]), cooperative ? together : alone],
    body: () => `
${cooperative ? "let row = group.x + group.y * p.groupsWide;\nif (row >= p.rows) { return; }\nlaneOfRow = lane;" : "let row = i;"}
let first = row * p.length;
let leader = ${cooperative ? "lane == 0" : "true"};
${body.replaceAll("EACH", cooperative ? `for (var k = lane; k < p.length; k += ${lanes})` : "for (var k = 0; k < p.length; k++)")}`,
  });
}
