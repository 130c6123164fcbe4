/**
 * Gathering and scattering. There is no atomic addition of floats, and its order would be chance: updates of one place are
 * linked into a list in their order, and each place walks its list.
 */

import type { Kernels } from "@dl/core";
import type { DeviceBuffer } from "../memory.ts";
import { bind, type GpuOperand, wordType } from "../operands.ts";
import type { Runner } from "../runner.ts";

type Indexing = Pick<Kernels<DeviceBuffer>, "gather" | "scatterAdd" | "takeAlong" | "scatterAlong">;

/** Past every index: no update. */
const none = 0x7fffffff;

export function indexingKernels(runner: Runner): Indexing {
  /** For `lanes` lists of `k` indices each: the first update of every place, and after each update the next of its place. */
  const link = (
    indices: GpuOperand,
    { outer, k, inner, length }: { outer: number; k: number; inner: number; length: number },
  ): { first: DeviceBuffer; next: DeviceBuffer } => {
    const first = runner.allocate(outer * length * inner, "scatter");
    const next = runner.allocate(outer * k * inner, "scatter");
    runner.run({
      name: "fill",
      reads: [],
      writes: [{ name: "result", type: "u32", buffer: first }],
      ints: { value: none },
      threads: outer * length * inner,
      body: () => "result[i] = bitcast<u32>(p.value);",
    });
    runner.run({
      name: "link",
      reads: [bind("indices", indices)],
      writes: [
        { name: "first", type: "atomic", buffer: first },
        { name: "next", type: "i32", buffer: next },
      ],
      ints: { k, inner, length, none },
      threads: outer * k * inner,
      // The least update of a place is the same whatever the order of the atomics.
      body: () => `
let column = i % p.inner;
let update = (i / p.inner) % p.k;
let row = i / (p.inner * p.k);
let place = indices[i];
if (place < 0 || place >= p.length) { next[i] = p.none; return; }
atomicMin(&first[(row * p.length + place) * p.inner + column], update);
var later = update + 1;
while (later < p.k && indices[(row * p.k + later) * p.inner + column] != place) { later++; }
next[i] = select(p.none, later, later < p.k);`,
    });
    return { first, next };
  };

  const scatter = (
    name: string,
    { indices, updates }: { indices: GpuOperand; updates: GpuOperand },
    { outer, length, inner, k, shared }: { outer: number; length: number; inner: number; k: number; shared: boolean },
  ): DeviceBuffer => {
    const y = runner.allocate(outer * length * inner, name);
    if (outer * length * inner === 0) return y;
    const { first, next } = link(indices, { outer: shared ? 1 : outer, k, inner: shared ? 1 : inner, length });
    const type = wordType(updates.dtype);
    runner.run({
      name,
      reads: [{ name: "first", type: "i32", buffer: first }, { name: "next", type: "i32", buffer: next }, bind("updates", updates)],
      writes: [{ name: "result", type, buffer: y }],
      ints: { length, inner, k, none },
      threads: outer * length * inner,
      body: () => `
let column = i % p.inner;
let place = (i / p.inner) % p.length;
let row = i / (p.inner * p.length);
var total = ${type}(0);
var update = first[${shared ? "place" : "i"}];
while (update != p.none) {
  total += updates[(row * p.k + update) * p.inner + column];
  update = next[${shared ? "update" : "(row * p.k + update) * p.inner + column"}];
}
result[i] = total;`,
    });
    runner.memory.free(first);
    runner.memory.free(next);
    return y;
  };

  const take = (name: string, x: GpuOperand, { indices, outer, length, inner, shared }: Take): DeviceBuffer => {
    const k = shared ? indices.shape.reduce((size, each) => size * each, 1) : sizeAlong(indices, outer * inner);
    const y = runner.allocate(outer * k * inner, name);
    runner.run({
      name,
      reads: [bind("x", x, "u32"), bind("indices", indices)],
      writes: [{ name: "result", type: "u32", buffer: y }],
      // Where nothing lies, a NaN is read, to be seen; 0 where the dtype has none.
      ints: { length, inner, k, absent: x.dtype === "float32" ? 0x7fc00000 : 0 },
      threads: outer * k * inner,
      body: () => `
let column = i % p.inner;
let row = i / (p.inner * p.k);
let place = indices[${shared ? "(i / p.inner) % p.k" : "i"}];
if (place < 0 || place >= p.length) { result[i] = bitcast<u32>(p.absent); return; }
result[i] = x[(row * p.length + place) * p.inner + column];`,
    });
    return y;
  };

  return {
    gather: (x, indices, outer, length, inner) => take("gather", x, { indices, outer, length, inner, shared: true }),
    takeAlong: (x, indices, outer, length, inner) => take("takeAlong", x, { indices, outer, length, inner, shared: false }),
    scatterAdd: (indices, updates, outer, length, inner) =>
      scatter("scatterAdd", { indices, updates }, { outer, length, inner, k: sizeAlong(indices, 1), shared: true }),
    scatterAlong: (indices, updates, outer, length, inner) =>
      scatter("scatterAlong", { indices, updates }, { outer, length, inner, k: sizeAlong(indices, outer * inner), shared: false }),
  };
}

interface Take {
  readonly indices: GpuOperand;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** One list of indices for all, rather than one an element. */
  readonly shared: boolean;
}

function sizeAlong({ shape }: GpuOperand, rest: number): number {
  return rest === 0 ? 0 : shape.reduce((size, each) => size * each, 1) / rest;
}
