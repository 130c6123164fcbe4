/** Products of matrices: chooses what is packed, how the result is cut into blocks, and which batches are one product. */

import { type Kernels, type MatmulProblem, sizeOf } from "@dl/core";
import type { Engine } from "../engine.ts";

/** Bits of the epilogue, as in assembly/micro-kernel-state.ts. */
export const biasMode = 2;
export const reluMode = 4;

/** Steps of k in one block: 8 columns of it stay in the first-level cache. */
const kBlock = 256;
/** Rows of a block of results. */
const rowBlock = 96;
/** With at most this many rows, packing the right side costs more than it saves. */
const fewRows = 16;
/** Packed right sides are kept below this many bytes at a time. */
const packLimit = 64 * 2 ** 20;
/** Multiply-adds a nanosecond on one thread. */
const speed = 15;

export interface Side {
  readonly address: number;
  /** Bytes from row to row, from column to column, from matrix to matrix. */
  readonly rowStep: number;
  readonly columnStep: number;
  readonly matrixBytes: number;
  /** Address of the list of matrix numbers, or 0. */
  readonly index: number;
}

export interface Product {
  readonly batches: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly a: Side;
  readonly b: Side;
  /** Different right matrices. */
  readonly rights: number;
  readonly c: number;
  readonly bias: number;
  readonly mode: number;
}

/** Blocks of a product, or of a batch of them. */
export function multiply(engine: Engine, { batches, m, k, n, a, b, rights, c, bias, mode }: Product): void {
  const { heap, threads } = engine;
  const panels = Math.ceil(n / 8);
  const cost = (batches * m * k * n) / speed;
  const inPlace = b.columnStep === 4 && m <= fewRows;
  let packed = 0;
  const matrixBytes = panels * k * 32;
  if (!inPlace) {
    packed = heap.take(rights * matrixBytes, "matmul");
    engine.set(b.address, packed, k, n, b.rowStep, b.columnStep, panels, b.matrixBytes, kBlock);
    engine.run("gemmPack", { total: rights * panels, cost: rights * k * n * 0.3 });
  }
  // A left side that lies across its rows is read with long strides: packed, unless it is short.
  const packLeft = a.columnStep !== 4 && m > fewRows && n > 16;
  const rows = Math.min(m, batches * Math.ceil(m / rowBlock) >= threads * 2 ? rowBlock : Math.max(8, Math.ceil(m / (threads * 2 * 4)) * 4));
  const rowBlocks = Math.ceil(m / rows);
  // Few blocks of rows (a small batch): the columns are divided too.
  const columnBlocks = Math.min(panels, Math.max(1, Math.ceil((threads * 2) / (batches * rowBlocks))));
  const panelsBlock = Math.ceil(panels / columnBlocks);
  const scratchBytes = packLeft ? (rows + 4) * Math.min(k, kBlock) * 4 : 0;
  const scratch = packLeft ? heap.take(scratchBytes * threads, "matmul") : 0;
  engine.set(m, k, n, a.address, a.rowStep, a.columnStep, a.matrixBytes, a.index);
  const right = inPlace ? [b.address, b.matrixBytes, b.index, b.rowStep] : [packed, matrixBytes, b.index, 0];
  const rest = [...right, c, bias, mode, rows, panelsBlock, kBlock, scratch, scratchBytes];
  for (let i = 0; i < rest.length; i++) engine.setAt(8 + i, rest[i]!);
  engine.run("gemm", { total: batches * rowBlocks * Math.ceil(panels / panelsBlock), cost });
  if (packLeft) heap.give(scratch, scratchBytes * threads);
  if (!inPlace) heap.give(packed, rights * matrixBytes);
}

/** A list of matrix numbers in device memory; give it back with the same length. */
function placeIndex(engine: Engine, index: Int32Array | undefined): number {
  if (index === undefined) return 0;
  const address = engine.heap.take(index.byteLength, "matmul");
  new Int32Array(engine.buffer, address, index.length).set(index);
  return address;
}

/** The same matrix for every batch, or undefined. */
function only(index: Int32Array | undefined, batches: number): number | undefined {
  if (index === undefined) return batches === 1 ? 0 : undefined;
  return index.every((number) => number === index[0]) ? index[0] : undefined;
}

export function matmulKernels(engine: Engine): Pick<Kernels<number>, "matmul"> {
  const { heap } = engine;
  return {
    matmul(left, right, problem: MatmulProblem, epilogue) {
      const { m, k, n, transposeA, transposeB, aIndex, bIndex } = problem;
      const c = heap.allocate(problem.batches * m * n * 4, "matmul");
      if (problem.batches * m * n === 0) return c;
      const bias = epilogue.bias?.buffer ?? 0;
      const mode = (bias ? biasMode : 0) | (epilogue.activation === "relu" ? reluMode : 0);
      const aSide = { address: left.buffer, rowStep: transposeA ? 4 : k * 4, columnStep: transposeA ? m * 4 : 4, matrixBytes: m * k * 4 };
      const bSide = { address: right.buffer, rowStep: transposeB ? 4 : n * 4, columnStep: transposeB ? k * 4 : 4, matrixBytes: k * n * 4 };
      const same = only(bIndex, problem.batches);
      if (same !== undefined && aIndex === undefined && (!transposeA || problem.batches === 1)) {
        // One right matrix: all batches are one tall product.
        const b = { ...bSide, address: right.buffer + same * bSide.matrixBytes, index: 0 };
        multiply(engine, { batches: 1, m: problem.batches * m, k, n, a: { ...aSide, index: 0 }, b, rights: 1, c, bias, mode });
        return c;
      }
      const aAddress = placeIndex(engine, aIndex);
      const bAddress = placeIndex(engine, bIndex);
      const rights = k * n === 0 ? 1 : sizeOf(right.shape) / (k * n);
      // Many large right sides are taken a few at a time.
      const group = bIndex === undefined ? Math.max(1, Math.floor(packLimit / Math.max(1, Math.ceil(n / 8) * k * 32))) : problem.batches;
      for (let first = 0; first < problem.batches; first += group) {
        const batches = Math.min(group, problem.batches - first);
        const a = {
          ...aSide,
          address: aIndex === undefined ? left.buffer + first * aSide.matrixBytes : left.buffer,
          index: aAddress === 0 ? 0 : aAddress + first * 4,
        };
        const b = { ...bSide, address: bIndex === undefined ? right.buffer + first * bSide.matrixBytes : right.buffer, index: bAddress };
        multiply(engine, { batches, m, k, n, a, b, rights: bIndex === undefined ? batches : rights, c: c + first * m * n * 4, bias, mode });
      }
      if (aIndex !== undefined) heap.give(aAddress, aIndex.byteLength);
      if (bIndex !== undefined) heap.give(bAddress, bIndex.byteLength);
      return c;
    },
  };
}
