/** Elements by their indices, sorting, random numbers. */

import { bytesPerElement, type DType, type Kernels, type Operand, sizeOf } from "@dl/core";
import type { Engine } from "../engine.ts";
import { aligned } from "../heap.ts";

type IndexingKernels = Pick<Kernels<number>, "gather" | "scatterAdd" | "takeAlong" | "scatterAlong" | "argsort" | "topK" | "randomUniform">;

/** The bits of what is read where nothing lies: a NaN is seen, where the dtype has one. */
function absent(dtype: DType): number {
  return dtype === "float32" ? 0x7fc00000 : 0;
}

interface Sort {
  readonly rows: number;
  readonly length: number;
  readonly k: number;
  readonly descending: boolean;
  readonly nanLast: boolean;
}

export function indexingKernels(engine: Engine): IndexingKernels {
  const { heap } = engine;

  /** A zeroed buffer of `length` words. */
  const zeros = (length: number, use: string): number => {
    const y = heap.allocate(length * 4, use);
    engine.set(y, 0);
    engine.run("fill", { total: (length + 15) >>> 4, cost: length * 0.1 });
    return y;
  };

  const sorted = (x: Operand<number>, { rows, length, k, descending, nanLast }: Sort): number => {
    const y = heap.allocate(rows * k * 4, "sort");
    if (rows * k === 0) return y;
    const scratchBytes = aligned((4 * length + 256) * 4);
    const scratch = heap.take(scratchBytes * engine.threads, "sort");
    engine.set(x.buffer, y, length, k, x.dtype === "int32" ? 1 : 0, descending ? 1 : 0, nanLast ? 1 : 0, scratch, scratchBytes);
    engine.run("sort", { total: rows, cost: rows * length * 20 });
    heap.give(scratch, scratchBytes * engine.threads);
    return y;
  };

  return {
    gather(x, indices, outer, length, inner) {
      const k = sizeOf(indices.shape);
      const rowBytes = inner * bytesPerElement[x.dtype];
      const y = heap.allocate(outer * k * rowBytes, "gather");
      engine.set(x.buffer, indices.buffer, y, k, length, rowBytes, absent(x.dtype));
      engine.run("gather", { total: outer * k, cost: outer * k * (5 + rowBytes * 0.05) });
      return y;
    },

    scatterAdd(indices, updates, outer, length, inner) {
      const k = sizeOf(indices.shape);
      const y = zeros(outer * length * inner, "scatterAdd");
      engine.set(indices.buffer, updates.buffer, y, k, length, inner, updates.dtype === "int32" ? 1 : 0);
      engine.run("scatterAdd", { total: outer * Math.ceil(inner / 64), cost: outer * k * (3 + inner * 0.3) });
      return y;
    },

    takeAlong(x, indices, outer, length, inner) {
      const k = outer * inner === 0 ? 0 : sizeOf(indices.shape) / (outer * inner);
      const bytes = bytesPerElement[x.dtype];
      const y = heap.allocate(outer * k * inner * bytes, "takeAlong");
      engine.set(x.buffer, indices.buffer, y, k, length, inner, bytes, absent(x.dtype));
      engine.run("takeAlong", { total: outer * k, cost: outer * k * inner * 2 });
      return y;
    },

    scatterAlong(indices, updates, outer, length, inner) {
      const k = outer * inner === 0 ? 0 : sizeOf(indices.shape) / (outer * inner);
      const y = zeros(outer * length * inner, "scatterAlong");
      engine.set(indices.buffer, updates.buffer, y, k, length, inner, updates.dtype === "int32" ? 1 : 0);
      engine.run("scatterAlong", { total: outer, cost: outer * k * inner * 2 });
      return y;
    },

    argsort(x, rows, length, descending) {
      return sorted(x, { rows, length, k: length, descending, nanLast: true });
    },

    topK(x, rows, length, k) {
      return sorted(x, { rows, length, k, descending: true, nanLast: false });
    },

    randomUniform(key0, key1, length) {
      const y = heap.allocate(length * 4, "randomUniform");
      engine.set(key0, key1, y);
      engine.run("randomUniform", { total: Math.ceil(length / 8), cost: length * 2.5 });
      return y;
    },
  };
}
