/**
 * The product of two matrices that need not lie in memory as such: sources pack what they stand for into panels, a register-tiled
 * loop multiplies panels, a sink stores the result. Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication".
 *
 * Panels are doubles: V8 turns every float32 it loads into a double, and packing does that once instead of once a use.
 */

import type { Memory } from "../memory.ts";

/** Rows of a left panel and columns of a right one: 4 · 4 sums and their factors are about what the sixteen registers hold. */
export const lanes = 4;

/** Rows, depth and columns of a block: two panels of one depth fit the first-level cache, a block the second. */
const blockRows = 128;
const blockDepth = 256;
const blockColumns = 256;

/** One side of the product: `lanes` are the rows of the left matrix or the columns of the right one. */
export interface GemmSource {
  /**
   * Writes lanes [lane, lane + count) at depths [depth, depth + length) to `panels`: panel by panel of four lanes, in it depth by depth.
   * Lanes that fill up the last panel are zero.
   */
  pack(panels: Float64Array, lane: number, count: number, depth: number, length: number): void;
}

export interface GemmSink {
  /** Takes a finished block of sums: rows [row, row + rows) and columns [column, column + columns), a row every `stride` elements. */
  store(sums: Float64Array, row: number, rows: number, column: number, columns: number, stride: number): void;
}

/** left `[m, k]` times right `[k, n]` into `sink`. Takes scratch slots 1 to 3. */
export function gemm(memory: Memory, left: GemmSource, right: GemmSource, sink: GemmSink, m: number, k: number, n: number): void {
  const depthMost = Math.min(k, blockDepth);
  const leftPanels = memory.scratch(1, roundUp(Math.min(m, blockRows)) * depthMost);
  const rightPanels = memory.scratch(2, roundUp(Math.min(n, blockColumns)) * depthMost);
  const sums = memory.scratch(3, roundUp(Math.min(m, blockRows)) * roundUp(Math.min(n, blockColumns)));
  // The right block stays packed over all rows when the depth is one block; its packing is otherwise a 128th of the work.
  const depthFitsOnce = k <= blockDepth;
  for (let column = 0; column < n; column += blockColumns) {
    const columns = Math.min(blockColumns, n - column);
    const stride = roundUp(columns);
    for (let row = 0; row < m; row += blockRows) {
      const rows = Math.min(blockRows, m - row);
      sums.fill(0, 0, roundUp(rows) * stride);
      for (let depth = 0; depth < k; depth += blockDepth) {
        const length = Math.min(blockDepth, k - depth);
        left.pack(leftPanels, row, rows, depth, length);
        if (row === 0 || !depthFitsOnce) right.pack(rightPanels, column, columns, depth, length);
        for (let j = 0; j < columns; j += lanes) {
          for (let i = 0; i < rows; i += lanes) {
            multiplyPanels(leftPanels, i * length, rightPanels, j * length, length, sums, i * stride + j, stride);
          }
        }
      }
      sink.store(sums, row, rows, column, columns, stride);
    }
  }
}

function roundUp(count: number): number {
  return Math.ceil(count / lanes) * lanes;
}

/** Adds the product of a left and a right panel to a 4 × 4 tile of sums. */
function multiplyPanels(
  a: Float64Array,
  ai: number,
  b: Float64Array,
  bi: number,
  length: number,
  sums: Float64Array,
  at: number,
  stride: number,
): void {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  for (let p = 0; p < length; p++) {
    const b0 = b[bi]!;
    const b1 = b[bi + 1]!;
    const b2 = b[bi + 2]!;
    const b3 = b[bi + 3]!;
    let v = a[ai]!;
    s00 += v * b0;
    s01 += v * b1;
    s02 += v * b2;
    s03 += v * b3;
    v = a[ai + 1]!;
    s10 += v * b0;
    s11 += v * b1;
    s12 += v * b2;
    s13 += v * b3;
    v = a[ai + 2]!;
    s20 += v * b0;
    s21 += v * b1;
    s22 += v * b2;
    s23 += v * b3;
    v = a[ai + 3]!;
    s30 += v * b0;
    s31 += v * b1;
    s32 += v * b2;
    s33 += v * b3;
    ai += 4;
    bi += 4;
  }
  sums[at]! += s00;
  sums[at + 1]! += s01;
  sums[at + 2]! += s02;
  sums[at + 3]! += s03;
  at += stride;
  sums[at]! += s10;
  sums[at + 1]! += s11;
  sums[at + 2]! += s12;
  sums[at + 3]! += s13;
  at += stride;
  sums[at]! += s20;
  sums[at + 1]! += s21;
  sums[at + 2]! += s22;
  sums[at + 3]! += s23;
  at += stride;
  sums[at]! += s30;
  sums[at + 1]! += s31;
  sums[at + 2]! += s32;
  sums[at + 3]! += s33;
}
