/** Products of matrices: few multiplications directly, many through packed panels. */

import type { Epilogue, MatmulProblem, Operand, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { gemm } from "./gemm.ts";
import { MatrixSink, MatrixSource } from "./gemm-matrix.ts";
import { addBias, multiplyByColumns, multiplyByRows } from "./matmul-small.ts";
import { relu } from "./relu.ts";

export function matmul(
  memory: Memory,
  a: Operand<TypedArray>,
  b: Operand<TypedArray>,
  problem: MatmulProblem,
  epilogue: Epilogue<TypedArray>,
): Floats {
  const { batches, m, k, n, transposeA, transposeB, aIndex, bIndex } = problem;
  const out = memory.floats(batches * m * n);
  const left = a.buffer as Floats;
  const right = b.buffer as Floats;
  const bias = epilogue.bias?.buffer as Floats | undefined;
  const aLane = transposeA ? 1 : k;
  const aDepth = transposeA ? m : 1;
  const small = transposeB ? columnsAreFaster(m, k, n) : rowsAreFaster(m, k, n);
  for (let batch = 0; batch < batches; batch++) {
    const aAt = (aIndex === undefined ? batch : aIndex[batch]!) * m * k;
    const bAt = (bIndex === undefined ? batch : bIndex[batch]!) * k * n;
    const at = batch * m * n;
    if (!small) {
      const sink = new MatrixSink(out, { offset: at, rowStep: n, bias });
      const rightSource = new MatrixSource(right, bAt, transposeB ? k : 1, transposeB ? 1 : n);
      gemm(memory, new MatrixSource(left, aAt, aLane, aDepth), rightSource, sink, m, k, n);
    } else if (transposeB) multiplyByColumns(left, aAt, aLane, aDepth, right, bAt, out, at, m, k, n);
    else multiplyByRows(left, aAt, aLane, aDepth, right, bAt, out, at, m, k, n);
  }
  if (small && bias !== undefined) addBias(out, bias, batches * m, n);
  if (epilogue.activation === "relu") relu(out, out, out.length);
  return out;
}

// Where packing pays: it costs about as much as multiplying by a handful of rows. Direct and packed, in µs on Node 20, m · k · n:
// 24³ 8.0 and 8.5, 48³ 62 and 57, 4·64·64 9.1 and 11.9, 16·64·64 36.4 and 35.4; right side transposed 16³ 3.3 and 3.0, 3·64·64 9.3 and 12.1.

function rowsAreFaster(m: number, k: number, n: number): boolean {
  return m <= 8 || k <= 8 || n <= 2 || m * k * n <= 24 ** 3;
}

function columnsAreFaster(m: number, k: number, n: number): boolean {
  return m <= 3 || k <= 4 || n === 1 || m * k * n <= 12 ** 3;
}
