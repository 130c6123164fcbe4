/** Moving elements: transposes, slices, padding, joining, reversing. All are one copy with strides on both sides. */

import { bytesPerElement, type FusedKernels, type Kernels, type Operand, type Shape, sizeOf, stridesOf } from "@dl/core";
import type { Engine } from "../engine.ts";
import { collapse, rowsOf, writePlan } from "./broadcast-plan.ts";

type MovementKernels = Pick<Kernels<number>, "transpose" | "slice" | "pad" | "concat" | "flip"> & Pick<FusedKernels<number>, "writeSlice">;

/** A side of a copy: the byte address of its first element, and strides in elements, which may be negative. */
interface Side {
  readonly address: number;
  readonly strides: readonly number[];
}

function copyStrided(engine: Engine, from: Side, to: Side, { sizes, bytes }: { sizes: Shape; bytes: number }): void {
  const length = sizeOf(sizes);
  if (length === 0) return;
  const plan = collapse(sizes, [from.strides, to.strides]);
  engine.set(from.address, to.address, plan.sizes.length, bytes);
  writePlan(engine, plan);
  const total = rowsOf(plan);
  engine.run("copyStrided", { total, cost: length * bytes * 0.1 + total * 5 });
}

/** The permutation is: swap two (runs of) axes, under leading ones that stay. Returns their sizes. */
function asMatrices(shape: Shape, permutation: readonly number[]): { batch: number; m: number; n: number } | undefined {
  let fixed = 0;
  while (fixed < permutation.length && permutation[fixed] === fixed) fixed++;
  const split = permutation[fixed] ?? 0;
  const turned = permutation.slice(fixed);
  const rank = shape.length;
  if (turned.some((axis, i) => axis !== (i < rank - split ? split + i : fixed + i - (rank - split)))) return undefined;
  return { batch: sizeOf(shape.slice(0, fixed)), m: sizeOf(shape.slice(fixed, split)), n: sizeOf(shape.slice(split)) };
}

export function movementKernels(engine: Engine): MovementKernels {
  const { heap } = engine;

  const transpose = (x: Operand<number>, permutation: readonly number[]): number => {
    const bytes = bytesPerElement[x.dtype];
    const length = sizeOf(x.shape);
    const y = heap.allocate(length * bytes, "transpose");
    if (length === 0) return y;
    const matrices = bytes === 4 ? asMatrices(x.shape, permutation) : undefined;
    if (matrices && matrices.m > 1 && matrices.n > 1) {
      const { batch, m, n } = matrices;
      engine.set(x.buffer, y, m, n);
      engine.run("transposeMatrices", { total: batch * Math.ceil(n / 16), cost: length * 0.5 });
      return y;
    }
    const own = stridesOf(x.shape);
    const sizes = permutation.map((axis) => x.shape[axis]!);
    const from = { address: x.buffer, strides: permutation.map((axis) => own[axis]!) };
    copyStrided(engine, from, { address: y, strides: stridesOf(sizes) }, { sizes, bytes });
    return y;
  };

  return {
    transpose,

    slice(x, starts, sizes, steps) {
      const bytes = bytesPerElement[x.dtype];
      const y = heap.allocate(sizeOf(sizes) * bytes, "slice");
      const own = stridesOf(x.shape);
      const first = starts.reduce((sum, start, axis) => sum + start * own[axis]!, 0);
      const from = { address: x.buffer + first * bytes, strides: own.map((stride, axis) => stride * steps[axis]!) };
      copyStrided(engine, from, { address: y, strides: stridesOf(sizes) }, { sizes, bytes });
      return y;
    },

    pad(x, before, after, between, value) {
      const bytes = bytesPerElement[x.dtype];
      const shape = x.shape.map((size, axis) => before[axis]! + size + Math.max(0, size - 1) * between[axis]! + after[axis]!);
      const length = sizeOf(shape);
      const y = heap.allocate(length * bytes, "pad");
      engine.set(y, x.dtype === "bool" ? (value ? 0x01010101 : 0) : value);
      if (x.dtype === "float32") engine.setFloat(1, value);
      engine.run("fill", { total: (length * bytes + 63) >>> 6, cost: length * bytes * 0.03 });
      const own = stridesOf(shape);
      const first = before.reduce((sum, count, axis) => sum + count * own[axis]!, 0);
      const to = { address: y + first * bytes, strides: own.map((stride, axis) => stride * (between[axis]! + 1)) };
      copyStrided(engine, { address: x.buffer, strides: stridesOf(x.shape) }, to, { sizes: x.shape, bytes });
      return y;
    },

    concat(parts, outer, lengths, inner) {
      const bytes = bytesPerElement[parts[0]!.dtype];
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const y = heap.allocate(outer * total * inner * bytes, "concat");
      let at = 0;
      for (const [i, part] of parts.entries()) {
        const run = lengths[i]! * inner;
        const to = { address: y + at * inner * bytes, strides: [total * inner, 1] };
        copyStrided(engine, { address: part.buffer, strides: [run, 1] }, to, { sizes: [outer, run], bytes });
        at += lengths[i]!;
      }
      return y;
    },

    writeSlice(target, values, { outer, length, inner, start, count }) {
      const bytes = bytesPerElement[target.dtype];
      const run = count * inner;
      const to = { address: target.buffer + start * inner * bytes, strides: [length * inner, 1] };
      copyStrided(engine, { address: values.buffer, strides: [run, 1] }, to, { sizes: [outer, run], bytes });
    },

    flip(x, axes) {
      const bytes = bytesPerElement[x.dtype];
      const y = heap.allocate(sizeOf(x.shape) * bytes, "flip");
      const own = stridesOf(x.shape);
      let first = 0;
      const strides = own.map((stride, axis) => {
        if (!axes.includes(axis)) return stride;
        first += (x.shape[axis]! - 1) * stride;
        return -stride;
      });
      copyStrided(engine, { address: x.buffer + first * bytes, strides }, { address: y, strides: own }, { sizes: x.shape, bytes });
      return y;
    },
  };
}
