/** Products of matrices: few multiplications directly, many through packed panels. */

import type { Epilogue, MatmulProblem, Operand, TypedArray } from "@dl/core";
import type { Floats, Memory } from "../memory.ts";
import { gemm } from "./gemm.ts";
import { MatrixSink, MatrixSource } from "./gemm-matrix.ts";
import { matmulSmall } from "./matmul-small.ts";

/** Up to this many multiplications a product is not worth packing. */
const smallProduct = 16 * 16 * 16;
/** Nor with fewer rows or columns than this, whatever the rest: packing a matrix costs about as much as multiplying it by a few rows. */
const fewLanes = 4;

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
  const relu = epilogue.activation === "relu";
  const small = m * k * n <= smallProduct || m < fewLanes || n < fewLanes;
  for (let batch = 0; batch < batches; batch++) {
    const aOffset = (aIndex === undefined ? batch : aIndex[batch]!) * m * k;
    const bOffset = (bIndex === undefined ? batch : bIndex[batch]!) * k * n;
    const aLane = transposeA ? 1 : k;
    const aDepth = transposeA ? m : 1;
    const bLane = transposeB ? k : 1;
    const bDepth = transposeB ? 1 : n;
    if (small) {
      const aSide = { data: left, offset: aOffset, laneStep: aLane, depthStep: aDepth };
      const bSide = { data: right, offset: bOffset, laneStep: bLane, depthStep: bDepth };
      matmulSmall(aSide, bSide, out, batch * m * n, m, k, n, bias, relu);
    } else {
      const sink = new MatrixSink(out, { offset: batch * m * n, rowStep: n, bias, relu });
      gemm(memory, new MatrixSource(left, aOffset, aLane, aDepth), new MatrixSource(right, bOffset, bLane, bDepth), sink, m, k, n);
    }
  }
  return out;
}
