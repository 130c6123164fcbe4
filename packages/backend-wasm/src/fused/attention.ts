/** Attention and its gradient: packs keys and values, and hands tiles of queries to the module. */

import type { AttentionProblem, FusedKernels, Operand } from "@dl/core";
import type { Engine } from "../engine.ts";

type AttentionKernels = Pick<FusedKernels<number>, "attention" | "attentionGradient">;

/** Queries of a tile, as in assembly/attention.ts. */
const tileRows = 32;
/** A tile of 32 × 64 scores. */
const tileBytes = 8192;
/** Two words a row: the largest score and the sum; or the mean, on the way back. */
const rowBytes = 256;
/** Multiply-adds a nanosecond on one thread. */
const speed = 10;

function multiplyAdds({ batch, heads, time, keyTime, size, causal }: AttentionProblem): number {
  return batch * heads * time * keyTime * size * (causal ? 0.5 : 1);
}

/** Packs `[batch · key heads]` matrices `[key time, size]` as right sides with the keys as columns; give the bytes back. */
function pack(engine: Engine, from: Operand<number>, { batch, keyHeads, keyTime, size }: AttentionProblem): { at: number; bytes: number } {
  const panels = Math.ceil(keyTime / 8);
  const bytes = batch * keyHeads * panels * size * 32;
  const at = engine.heap.take(bytes, "attention");
  engine.set(from.buffer, at, size, keyTime, 4, size * 4, panels, keyTime * size * 4, Math.max(1, size));
  engine.run("gemmPack", { total: batch * keyHeads * panels, cost: bytes * 0.08 });
  return { at, bytes };
}

function writeProblem(
  engine: Engine,
  addresses: readonly number[],
  { heads, keyHeads, time, keyTime, size, scale, causal }: AttentionProblem,
): void {
  engine.set(...addresses, heads, keyHeads, time, keyTime, size, 0, causal ? 1 : 0);
  engine.setFloat(11, scale);
}

export function attentionKernels(engine: Engine): AttentionKernels {
  const { heap, threads } = engine;
  return {
    attention(query, key, value, problem) {
      const { batch, heads, time, size } = problem;
      const y = heap.allocate(batch * heads * time * size * 4, "attention");
      const logSumExp = heap.allocate(batch * heads * time * 4, "attention");
      const keys = pack(engine, key, problem);
      const scratchBytes = tileBytes + rowBytes;
      const scratch = heap.take(scratchBytes * threads, "attention");
      writeProblem(engine, [query.buffer, key.buffer, value.buffer, y, logSumExp, keys.at], problem);
      engine.setAt(13, scratch);
      engine.setAt(14, scratchBytes);
      engine.run("attention", { total: batch * heads * Math.ceil(time / tileRows), cost: (multiplyAdds(problem) * 2) / speed });
      heap.give(scratch, scratchBytes * threads);
      heap.give(keys.at, keys.bytes);
      return { y, logSumExp };
    },

    attentionGradient(g, { query, key, value, y, logSumExp }, problem) {
      const { batch, heads, keyHeads, time, keyTime, size } = problem;
      const dquery = heap.allocate(batch * heads * time * size * 4, "attentionGradient");
      const dkey = heap.allocate(batch * keyHeads * keyTime * size * 4, "attentionGradient");
      const dvalue = heap.allocate(batch * keyHeads * keyTime * size * 4, "attentionGradient");
      const keys = pack(engine, key, problem);
      const values = pack(engine, value, problem);
      const scratchBytes = 2 * tileBytes + rowBytes;
      const scratch = heap.take(scratchBytes * threads, "attentionGradient");
      writeProblem(engine, [query.buffer, key.buffer, value.buffer, y.buffer, logSumExp.buffer, keys.at], problem);
      for (const [i, word] of [scratch, scratchBytes, g.buffer, values.at, dquery, dkey, dvalue].entries()) engine.setAt(13 + i, word);
      engine.run("attentionGradient", { total: batch * keyHeads, cost: (multiplyAdds(problem) * 5) / speed });
      heap.give(scratch, scratchBytes * threads);
      heap.give(values.at, values.bytes);
      heap.give(keys.at, keys.bytes);
      return { dquery, dkey, dvalue };
    },
  };
}
