/** Reductions: one invocation a result where there are many, two launches over parts where there are few. */

import type { Kernels, ReduceOp } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, wordType } from "../operands.ts";
import type { WordType } from "../program.ts";
import type { Runner } from "../runner.ts";
import { mathematics } from "../wgsl-mathematics.ts";

type Reduction = Pick<Kernels<DeviceBuffer>, "reduce" | "argReduce" | "cumulate">;

/** Below this many results, long sums are cut into parts. */
const busy = 4096;
/** Elements of a part at least: a part costs an invocation. */
const shortest = 64;

const nothing: Record<Exclude<ReduceOp, "mean">, { f32: string; i32: string; u32: string }> = {
  sum: { f32: "0.0", i32: "0", u32: "0u" },
  product: { f32: "1.0", i32: "1", u32: "1u" },
  max: { f32: "-infinity()", i32: "-2147483648", u32: "0u" },
  min: { f32: "infinity()", i32: "2147483647", u32: "1u" },
  any: { f32: "0.0", i32: "0", u32: "0u" },
  all: { f32: "1.0", i32: "1", u32: "1u" },
};

/** How the next element joins the total. */
function join(op: Exclude<ReduceOp, "mean">, type: WordType): string {
  if (op === "sum") return "total + v";
  if (op === "product") return "total * v";
  if (op === "any") return "total | v";
  if (op === "all") return "total & v";
  if (type !== "f32") return `${op}(total, v)`;
  return `select(select(${op}(total, v), v, isNan(v)), total, isNan(total))`;
}

/** Parts that keep the GPU busy when there are `results` sums of `length` elements. */
export function partsFor(results: number, length: number): number {
  if (results >= busy || length < 2 * shortest) return 1;
  return Math.max(
    1,
    Math.min(Math.ceil(length / shortest), Math.ceil((4 * busy) / Math.max(results, 1)), Math.ceil(Math.sqrt(length) * 2)),
  );
}

export function reductionKernels(runner: Runner): Reduction {
  const pass = (
    op: Exclude<ReduceOp, "mean">,
    { x, type }: { x: DeviceBuffer; type: WordType },
    view: { outer: number; length: number; inner: number; parts: number; scale: number | undefined },
  ): DeviceBuffer => {
    const { outer, length, inner, parts, scale } = view;
    const y = runner.allocate(outer * parts * inner, "reduce");
    runner.run({
      name: "reduce",
      label: `reduce ${op}`,
      variant: `${op}${scale === undefined ? "" : " scaled"}`,
      reads: [{ name: "x", type, buffer: x }],
      writes: [{ name: "result", type, buffer: y }],
      ints: { length, inner, parts, part: Math.ceil(length / parts) },
      ...(scale === undefined ? {} : { floats: { scale } }),
      threads: outer * parts * inner,
      pointwise: true,
      declarations: () => mathematics(["isNan", "constants"]),
      body: () => `
let column = i % p.inner;
let part = (i / p.inner) % p.parts;
let row = i / (p.inner * p.parts);
let last = min(p.length, (part + 1) * p.part);
var total = ${nothing[op][type as "f32"]};
var at = (row * p.length + part * p.part) * p.inner + column;
for (var k = part * p.part; k < last; k++) {
  let v = x[at];
  total = ${join(op, type)};
  at += p.inner;
}
result[i] = ${scale === undefined ? "total" : "total * p.scale"};`,
    });
    return y;
  };

  return {
    reduce(op, x, outer, length, inner) {
      const type = wordType(x.dtype);
      const plain = op === "mean" ? "sum" : op;
      // 0 · ∞ is NaN: the mean of nothing.
      const scale = op === "mean" ? 1 / length : undefined;
      const parts = partsFor(outer * inner, length);
      if (parts === 1) return pass(plain, { x: x.buffer, type }, { outer, length, inner, parts, scale });
      const first = pass(plain, { x: x.buffer, type }, { outer, length, inner, parts, scale: undefined });
      const y = pass(plain, { x: first, type }, { outer, length: parts, inner, parts: 1, scale });
      runner.memory.free(first);
      return y;
    },

    argReduce(op, x, outer, length, inner) {
      const type = wordType(x.dtype);
      const parts = partsFor(outer * inner, length);
      const better =
        type === "f32"
          ? `(isNan(v) && !isNan(best)) || (!isNan(best) && v ${op === "max" ? ">" : "<"} best)`
          : `v ${op === "max" ? ">" : "<"} best`;
      const scan = (places: DeviceBuffer | undefined, count: number, pieces: number): DeviceBuffer => {
        const y = runner.allocate(outer * pieces * inner, "argReduce");
        runner.run({
          name: "argReduce",
          variant: `${op} ${places ? "of places" : ""}`,
          reads: [bind("x", x), ...(places ? [{ name: "places", type: "i32" as const, buffer: places }] : [])],
          writes: [{ name: "result", type: "i32", buffer: y }],
          ints: { length, inner, count, parts: pieces, part: Math.ceil(count / pieces) },
          threads: outer * pieces * inner,
          declarations: () => mathematics(["isNan"]),
          // Of the candidates of each part, or of all elements.
          body: () => `
let column = i % p.inner;
let part = (i / p.inner) % p.parts;
let row = i / (p.inner * p.parts);
let first = part * p.part;
let last = min(p.count, first + p.part);
var place = ${places ? "places[(row * p.count + first) * p.inner + column]" : "min(first, p.length - 1)"};
var best = x[(row * p.length + place) * p.inner + column];
for (var k = first + 1; k < last; k++) {
  let candidate = ${places ? "places[(row * p.count + k) * p.inner + column]" : "k"};
  let v = x[(row * p.length + candidate) * p.inner + column];
  if (${better}) { best = v; place = candidate; }
}
result[i] = place;`,
        });
        return y;
      };
      if (parts === 1) return scan(undefined, length, 1);
      // No part may be empty: its candidate would come from another.
      const part = Math.ceil(length / parts);
      const pieces = Math.ceil(length / part);
      const places = scan(undefined, length, pieces);
      const y = scan(places, pieces, 1);
      runner.memory.free(places);
      return y;
    },

    cumulate(op, x, { outer, length, inner, exclusive, reverse }) {
      const type = wordType(x.dtype);
      const part = length <= 512 ? length : Math.ceil(Math.sqrt(length));
      const parts = length === 0 ? 0 : Math.ceil(length / part);
      const start = nothing[op][type as "f32"];
      const totals = parts > 1 ? pass(op, { x: x.buffer, type }, { outer, length, inner, parts, scale: undefined }) : undefined;
      const y = runner.allocate(outer * length * inner, "cumulate");
      runner.run({
        name: "cumulate",
        variant: `${op} ${exclusive} ${reverse} ${totals ? "in parts" : ""}`,
        reads: [bind("x", x), ...(totals ? [{ name: "totals", type, buffer: totals }] : [])],
        writes: [{ name: "result", type, buffer: y }],
        ints: { length, inner, parts, part },
        threads: outer * parts * inner,
        body: () =>
          `
let column = i % p.inner;
let part = (i / p.inner) % p.parts;
let row = i / (p.inner * p.parts);
var total = ${start};
${
  totals
    ? reverse
      ? "for (var q = part + 1; q < p.parts; q++) { let v = totals[(row * p.parts + q) * p.inner + column]; total = COMBINE; }"
      : "for (var q = 0; q < part; q++) { let v = totals[(row * p.parts + q) * p.inner + column]; total = COMBINE; }"
    : ""
}
let low = part * p.part;
let high = min(p.length, low + p.part);
for (var k = low; k < high; k++) {
  let at = (row * p.length + ${reverse ? "high - 1 - (k - low)" : "k"}) * p.inner + column;
  let v = x[at];
  ${exclusive ? "result[at] = total; total = COMBINE;" : "total = COMBINE; result[at] = total;"}
}`.replaceAll("COMBINE", join(op, type)),
      });
      if (totals) runner.memory.free(totals);
      return y;
    },
  };
}
