/**
 * Attention without the matrix of scores: an invocation a query walks the keys with a running softmax, and the gradients do it again.
 * Dao et al. 2022, arXiv:2205.14135; Milakov and Gimelshein 2018, arXiv:1805.02867.
 */

import type { AttentionProblem, FusedKernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, type GpuOperand } from "../operands.ts";
import type { Binding } from "../program.ts";
import type { Runner } from "../runner.ts";
import { mathematics } from "../wgsl-mathematics.ts";

type Attention = Pick<FusedKernels<DeviceBuffer>, "attention" | "attentionGradient">;

/** Heads are held in registers, four numbers at a time; sizes that four does not divide are read and written one by one. */
function access(names: readonly string[], { size, write = [] }: { size: number; write?: readonly string[] }): string {
  const quads = Math.ceil(size / 4);
  const lines = [`alias Head = array<vec4<f32>, ${quads}>;`];
  for (const name of names) {
    const load =
      size % 4 === 0
        ? `h[q] = ${name}[row * ${quads} + q];`
        : `for (var j = 0; j < 4; j++) { if (q * 4 + j < ${size}) { h[q][j] = ${name}[row * ${size} + q * 4 + j]; } }`;
    lines.push(`fn ${name}Of(row: i32) -> Head { var h: Head; for (var q = 0; q < ${quads}; q++) { ${load} } return h; }`);
  }
  for (const name of write) {
    const store =
      size % 4 === 0
        ? `${name}[row * ${quads} + q] = h[q];`
        : `for (var j = 0; j < 4; j++) { if (q * 4 + j < ${size}) { ${name}[row * ${size} + q * 4 + j] = h[q][j]; } }`;
    lines.push(`fn ${name}Set(row: i32, value: Head) { var h = value; for (var q = 0; q < ${quads}; q++) { ${store} } }`);
  }
  lines.push(
    `fn product(one: Head, other: Head) -> f32 { var a = one; var b = other; var total = vec4<f32>(); for (var q = 0; q < ${quads}; q++) { total += a[q] * b[q]; } return total.x + total.y + total.z + total.w; }`,
  );
  return lines.join("\n");
}

const every = (size: number, work: string): string => `for (var q = 0; q < ${Math.ceil(size / 4)}; q++) { ${work} }`;

export function attentionKernels(runner: Runner): Attention {
  const type = (size: number): "vec4f" | "f32" => (size % 4 === 0 ? "vec4f" : "f32");
  const heads = (name: string, operand: GpuOperand, size: number): Binding => bind(name, operand, type(size));
  const ints = ({ batch, heads, keyHeads, time, keyTime, causal }: AttentionProblem): Record<string, number> => ({
    batch,
    heads,
    keyHeads,
    time,
    keyTime,
    causal: causal ? 1 : 0,
  });
  /** WGSL: for query row `i`, its head's first key and how many it sees. */
  const keys = `
let t = i % p.time;
let head = (i / p.time) % p.heads;
let keyHead = (i / (p.time * p.heads)) * p.keyHeads + (head * p.keyHeads) / p.heads;
let base = keyHead * p.keyTime;
let seen = select(p.keyTime, clamp(t + p.keyTime - p.time + 1, 0, p.keyTime), p.causal == 1);`;

  return {
    attention(query, key, value, problem) {
      const { batch, heads: count, time, size, scale } = problem;
      const rows = batch * count * time;
      const y = runner.allocate(rows * size, "attention");
      const logSumExp = runner.allocate(rows, "attention");
      runner.run({
        name: "attention",
        variant: `${size}`,
        reads: [heads("query", query, size), heads("key", key, size), heads("value", value, size)],
        writes: [
          { name: "y", type: type(size), buffer: y },
          { name: "logSumExp", type: "f32", buffer: logSumExp },
        ],
        ints: ints(problem),
        floats: { scale },
        threads: rows,
        declarations: () => [...mathematics(["exponential", "logarithm"]), access(["query", "key", "value"], { size, write: ["y"] })],
        body: () => `${keys}
let own = queryOf(i);
var greatest = -infinity();
var total = 0.0;
var sum: Head;
for (var s = 0; s < seen; s++) {
  let score = product(own, keyOf(base + s)) * p.scale;
  if (score > greatest) {
    let shrink = exponential(greatest - score);
    total *= shrink;
    ${every(size, "sum[q] *= shrink;")}
    greatest = score;
  }
  let weight = exponential(score - greatest);
  total += weight;
  var v = valueOf(base + s);
  ${every(size, "sum[q] += weight * v[q];")}
}
// A row that sees nothing gives zeros.
let share = select(0.0, 1.0 / total, seen > 0);
${every(size, "sum[q] *= share;")}
ySet(i, sum);
logSumExp[i] = greatest + logarithm(total);`,
      });
      return { y, logSumExp };
    },

    attentionGradient(g, { query, key, value, y, logSumExp }, problem) {
      const { batch, heads: count, keyHeads, time, keyTime, size, scale } = problem;
      const rows = batch * count * time;
      const keyRows = batch * keyHeads * keyTime;
      const dquery = runner.allocate(rows * size, "attentionGradient");
      const dkey = runner.allocate(keyRows * size, "attentionGradient");
      const dvalue = runner.allocate(keyRows * size, "attentionGradient");
      const through = runner.allocate(rows, "attentionGradient");
      const shared = [heads("g", g, size), heads("query", query, size), heads("key", key, size), heads("value", value, size)];
      runner.run({
        name: "attentionGradient query",
        variant: `${size}`,
        reads: [...shared, heads("y", y, size), bind("logSumExp", logSumExp)],
        writes: [
          { name: "dquery", type: type(size), buffer: dquery },
          { name: "through", type: "f32", buffer: through },
        ],
        ints: ints(problem),
        floats: { scale },
        threads: rows,
        declarations: () => [...mathematics(["exponential"]), access(["g", "query", "key", "value", "y"], { size, write: ["dquery"] })],
        body: () => `${keys}
let upstream = gOf(i);
let own = queryOf(i);
let inner = product(upstream, yOf(i));
let logarithm = logSumExp[i];
var sum: Head;
for (var s = 0; s < seen; s++) {
  var k = keyOf(base + s);
  let weight = exponential(product(own, k) * p.scale - logarithm);
  let slope = weight * (product(upstream, valueOf(base + s)) - inner) * p.scale;
  ${every(size, "sum[q] += slope * k[q];")}
}
dquerySet(i, sum);
through[i] = inner;`,
      });
      runner.run({
        name: "attentionGradient key",
        variant: `${size}`,
        reads: [...shared, bind("logSumExp", logSumExp), { name: "through", type: "f32", buffer: through }],
        writes: [
          { name: "dkey", type: type(size), buffer: dkey },
          { name: "dvalue", type: type(size), buffer: dvalue },
        ],
        ints: ints(problem),
        floats: { scale },
        threads: keyRows,
        declarations: () => [...mathematics(["exponential"]), access(["g", "query", "key", "value"], { size, write: ["dkey", "dvalue"] })],
        body: () => `
let s = i % p.keyTime;
let keyHead = (i / p.keyTime) % p.keyHeads;
let image = i / (p.keyTime * p.keyHeads);
let k = keyOf(i);
let v = valueOf(i);
var sumKey: Head;
var sumValue: Head;
let group = p.heads / p.keyHeads;
for (var h = 0; h < group; h++) {
  let base = (image * p.heads + keyHead * group + h) * p.time;
  // The first row that sees this key.
  for (var t = select(0, max(0, s - (p.keyTime - p.time)), p.causal == 1); t < p.time; t++) {
    var own = queryOf(base + t);
    var upstream = gOf(base + t);
    let weight = exponential(product(own, k) * p.scale - logSumExp[base + t]);
    let slope = weight * (product(upstream, v) - through[base + t]) * p.scale;
    ${every(size, "sumKey[q] += slope * own[q]; sumValue[q] += weight * upstream[q];")}
  }
}
dkeySet(i, sumKey);
dvalueSet(i, sumValue);`,
      });
      runner.memory.free(through);
      return { dquery, dkey, dvalue };
    },
  };
}
