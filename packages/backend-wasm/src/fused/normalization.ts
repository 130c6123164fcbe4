/** Layer and batch normalisation with their gradients: statistics in parts of fixed length, so that threads do not change the bits. */

import type { FusedKernels } from "@dl/core";
import type { Engine } from "../engine.ts";
import { aligned } from "../heap.ts";

type NormalizationKernels = Pick<FusedKernels<number>, "layerNorm" | "layerNormGradient" | "batchNorm" | "batchNormGradient">;

/** Elements of one part of a batch: what a first-level cache holds beside its sums. */
const partElements = 8192;
/** Rows of a part, at least: a part's sums are read and written once for all of them. */
const leastRows = 16;
/** Nanoseconds an element of one pass. */
const speed = 0.5;

/** Sums by part, `[part][two sums]`, each padded to whole vectors. */
function partsOf(rows: number, length: number): { partRows: number; parts: number; sumBytes: number; bytes: number } {
  const partRows = Math.max(leastRows, Math.ceil(partElements / Math.max(1, length)));
  const parts = Math.max(1, Math.ceil(rows / partRows));
  const sumBytes = aligned(length * 4) || 64;
  return { partRows, parts, sumBytes, bytes: 2 * parts * sumBytes };
}

/** Adds up the parts' sums: the first of each pair into `first`, the second into `second`. */
function joinSums(
  engine: Engine,
  sums: number,
  { length, parts, sumBytes, first, second }: { length: number; parts: number; sumBytes: number; first: number; second: number },
): void {
  for (const [from, to] of [
    [sums, first],
    [sums + sumBytes, second],
  ] as const) {
    engine.set(from, 2 * sumBytes, parts, to);
    engine.run("sumParts", { total: (length + 15) >>> 4, cost: length * parts * 0.3 });
  }
}

export function normalizationKernels(engine: Engine): NormalizationKernels {
  const { heap } = engine;
  return {
    layerNorm(x, weight, bias, { rows, length, epsilon }) {
      const y = heap.allocate(rows * length * 4, "layerNorm");
      const mean = heap.allocate(rows * 4, "layerNorm");
      const rstd = heap.allocate(rows * 4, "layerNorm");
      engine.set(x.buffer, weight.buffer, bias.buffer, y, mean, rstd, length);
      engine.setFloat(7, epsilon);
      engine.run("layerNorm", { total: rows, cost: rows * (length * speed + 20) });
      return { y, mean, rstd };
    },

    layerNormGradient(g, { x, weight, mean, rstd }, { rows, length }) {
      const dx = heap.allocate(rows * length * 4, "layerNormGradient");
      const dweight = heap.allocate(length * 4, "layerNormGradient");
      const dbias = heap.allocate(length * 4, "layerNormGradient");
      const { partRows, parts, sumBytes, bytes } = partsOf(rows, length);
      const sums = heap.take(bytes, "layerNormGradient");
      engine.set(g.buffer, x.buffer, weight.buffer, mean.buffer, rstd.buffer, dx, length, rows, partRows, sums, sumBytes);
      engine.run("layerNormGradient", { total: parts, cost: rows * (length * speed * 2 + 20) });
      joinSums(engine, sums, { length, parts, sumBytes, first: dweight, second: dbias });
      heap.give(sums, bytes);
      return { dx, dweight, dbias };
    },

    batchNorm(x, weight, bias, { rows, channels, epsilon }) {
      const y = heap.allocate(rows * channels * 4, "batchNorm");
      const mean = heap.allocate(channels * 4, "batchNorm");
      const variance = heap.allocate(channels * 4, "batchNorm");
      const { partRows, parts, sumBytes, bytes } = partsOf(rows, channels);
      const sums = heap.take(bytes, "batchNorm");
      const scale = heap.take(sumBytes, "batchNorm");
      const cost = rows * channels * speed;
      engine.set(x.buffer, sums, sumBytes, channels, rows, partRows, parts, mean, variance, weight.buffer, 0, scale);
      engine.setFloat(10, epsilon);
      engine.run("batchNormParts", { total: parts, cost: cost * 2 });
      engine.run("batchNormJoin", { total: (channels + 15) >>> 4, cost: channels * parts });
      engine.set(x.buffer, y, mean, scale, bias.buffer, channels);
      engine.run("batchNormApply", { total: rows, cost });
      heap.give(scale, sumBytes);
      heap.give(sums, bytes);
      return { y, mean, variance };
    },

    batchNormGradient(g, { x, weight, mean, variance }, { rows, channels, epsilon }) {
      const dx = heap.allocate(rows * channels * 4, "batchNormGradient");
      const dweight = heap.allocate(channels * 4, "batchNormGradient");
      const dbias = heap.allocate(channels * 4, "batchNormGradient");
      const { partRows, parts, sumBytes, bytes } = partsOf(rows, channels);
      const sums = heap.take(bytes, "batchNormGradient");
      const rstd = heap.take(sumBytes, "batchNormGradient");
      engine.set(variance.buffer, rstd);
      engine.setFloat(2, epsilon);
      engine.run("batchNormDeviation", { total: (channels + 15) >>> 4, cost: channels });
      engine.set(g.buffer, x.buffer, mean.buffer, rstd, sums, sumBytes, channels, rows, partRows);
      engine.run("batchNormGradientParts", { total: parts, cost: rows * channels * speed * 2 });
      joinSums(engine, sums, { length: channels, parts, sumBytes, first: dweight, second: dbias });
      engine.set(g.buffer, x.buffer, mean.buffer, rstd, weight.buffer, dweight, dbias, dx, channels);
      engine.setFloat(9, 1 / rows);
      engine.run("batchNormGradient", { total: rows, cost: rows * channels * speed });
      heap.give(rstd, sumBytes);
      heap.give(sums, bytes);
      return { dx, dweight, dbias };
    },
  };
}
