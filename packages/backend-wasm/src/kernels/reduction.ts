/** Reductions along one axis, positions of extremes, running sums. */

import type { Kernels, Operand } from "@dl/core";
import type { Engine } from "../engine.ts";
import { reduceCode } from "../operation-codes.ts";

type ReductionKernels = Pick<Kernels<number>, "reduce" | "argReduce" | "cumulate">;

/** Longer axes are reduced in parts of this length and then once more: accurate, parallel, and the same on any number of threads. */
const rowPart = 8192;
const columnPart = 2048;

interface FloatReduction {
  readonly code: number;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** What results are divided by. */
  readonly divisor: number;
}

/** Reduces `x` into `y`, both addresses. */
function reduceInto(engine: Engine, x: number, y: number, { code, outer, length, inner, divisor }: FloatReduction): void {
  const { heap } = engine;
  const partLength = inner === 1 ? rowPart : columnPart;
  // An axis a little longer than a part is cheaper in one go.
  const parts = length > 2 * partLength ? Math.ceil(length / partLength) : 1;
  const partialBytes = outer * parts * inner * 4;
  const to = parts > 1 ? heap.take(partialBytes, "reduce") : y;
  engine.set(code, x, to, length, parts, parts > 1 ? partLength : length, 0, inner);
  engine.setFloat(6, parts > 1 ? 1 : divisor);
  const cost = outer * inner * (length * 0.2 + 5);
  if (inner === 1) engine.run("reduceRows", { total: outer * parts, cost });
  else engine.run("reduceColumns", { total: outer * parts * Math.ceil(inner / 16), cost });
  if (parts === 1) return;
  reduceInto(engine, to, y, { code, outer, length: parts, inner, divisor });
  heap.give(to, partialBytes);
}

export function reductionKernels(engine: Engine): ReductionKernels {
  const { heap } = engine;
  return {
    reduce(op, x, outer, length, inner) {
      const results = outer * inner;
      const y = heap.allocate(results * (op === "any" || op === "all" ? 1 : 4), op);
      if (results === 0) return y;
      if (x.dtype === "float32" || x.dtype === "float64") {
        reduceInto(engine, x.buffer, y, { code: reduceCode[op], outer, length, inner, divisor: op === "mean" ? length : 1 });
      } else {
        engine.set(reduceCode[op], x.buffer, y, length, inner);
        engine.run("reduceWhole", { total: results, cost: results * length });
      }
      return y;
    },

    argReduce(op: "max" | "min", x: Operand<number>, outer: number, length: number, inner: number): number {
      const y = heap.allocate(outer * inner * 4, "argReduce");
      engine.set(op === "max" ? 1 : 0, x.buffer, y, length, inner, x.dtype === "int32" ? 1 : 0);
      engine.run("argReduce", { total: outer * inner, cost: outer * inner * length * 1.5 });
      return y;
    },

    cumulate(op, x, { outer, length, inner, exclusive, reverse }) {
      const y = heap.allocate(outer * length * inner * 4, "cumulate");
      engine.set(op === "product" ? 1 : 0, x.buffer, y, length, inner, x.dtype === "int32" ? 1 : 0, exclusive ? 1 : 0, reverse ? 1 : 0);
      engine.run("cumulate", { total: outer * inner, cost: outer * length * inner * 2 });
      return y;
    },
  };
}
