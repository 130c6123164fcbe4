/**
 * Products of matrices: the right side packed into panels of 8 columns (or read in place), the left side read in place or packed in rows of 4.
 * Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", with the register block that V8 compiles best.
 */

import { int, pointer } from "./control";
import { columns, rows } from "./generated/micro-kernels";
import { ACCUMULATE, COLUMNS, ROWS, setResult, setRun, setSteps, setWidth } from "./micro-kernel-state";
import { transpose4 } from "./vectors";

/** Packs `count` columns of `steps` rows into a panel `[steps][8]`, zeros beyond. `rowStep` and `columnStep` in bytes. */
export function packPanel(from: usize, rowStep: usize, columnStep: usize, steps: i32, count: i32, to: usize): void {
  if (count == COLUMNS && columnStep == 4) {
    for (let k = 0; k < steps; k++) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      to += 32;
      from += rowStep;
    }
    return;
  }
  let k = 0;
  if (count == COLUMNS && rowStep == 4) {
    const c1 = from + columnStep, c2 = c1 + columnStep, c3 = c2 + columnStep, c4 = c3 + columnStep, c5 = c4 + columnStep, c6 = c5 + columnStep, c7 = c6 + columnStep;
    for (; k + 4 <= steps; k += 4) {
      const o = <usize>k << 2;
      transpose4(v128.load(from + o), v128.load(c1 + o), v128.load(c2 + o), v128.load(c3 + o), to, 32);
      transpose4(v128.load(c4 + o), v128.load(c5 + o), v128.load(c6 + o), v128.load(c7 + o), to + 16, 32);
      to += 128;
    }
    from += <usize>k << 2;
  }
  for (; k < steps; k++) {
    let p = from;
    for (let j = 0; j < COLUMNS; j++) {
      store<f32>(to + (<usize>j << 2), j < count ? load<f32>(p) : 0);
      p += columnStep;
    }
    to += 32;
    from += rowStep;
  }
}

/** Packs `count` rows into panels `[steps][4]`. */
function packRows(from: usize, rowStep: usize, columnStep: usize, count: i32, steps: i32, to: usize): void {
  for (let i = 0; i < count; i += ROWS) {
    const height = min(ROWS, count - i);
    const a = from + <usize>i * rowStep;
    let d = to, k = 0;
    if (height == ROWS && columnStep == 4) {
      const a1 = a + rowStep, a2 = a1 + rowStep, a3 = a2 + rowStep;
      for (; k + 4 <= steps; k += 4) {
        const o = <usize>k << 2;
        transpose4(v128.load(a + o), v128.load(a1 + o), v128.load(a2 + o), v128.load(a3 + o), d, 16);
        d += 64;
      }
    } else if (height == ROWS && rowStep == 4) {
      let p = a;
      for (; k < steps; k++) {
        v128.store(d, v128.load(p));
        d += 16;
        p += columnStep;
      }
    }
    for (; k < steps; k++) {
      for (let r = 0; r < height; r++) store<f32>(d + (<usize>r << 2), load<f32>(a + <usize>r * rowStep + <usize>k * columnStep));
      d += 16;
    }
    to += <usize>(ROWS * steps) << 2;
  }
}

/**
 * Packs right sides; an item is a panel of one matrix. Layout: matrix, block of k, panel, k, column.
 * Arguments: 0 from, 1 to, 2 steps, 3 count, 4 rowStep, 5 columnStep, 6 panels a matrix, 7 bytes of a matrix, 8 steps a block.
 */
export function gemmPack(begin: i32, end: i32, thread: i32): void {
  const steps = int(2), count = int(3), rowStep = pointer(4), columnStep = pointer(5), panels = int(6), matrixBytes = pointer(7), block = int(8);
  const packedBytes = <usize>panels * <usize>steps << 5;
  for (let item = begin; item < end; item++) {
    const matrix = item / panels, panel = item % panels;
    const from = pointer(0) + <usize>matrix * matrixBytes + <usize>(panel * COLUMNS) * columnStep;
    const to = pointer(1) + <usize>matrix * packedBytes;
    for (let k = 0; k < steps; k += block) {
      const some = min(block, steps - k);
      const at = to + ((<usize>panels * <usize>k + <usize>panel * <usize>some) << 5);
      packPanel(from + <usize>k * rowStep, rowStep, columnStep, some, min(COLUMNS, count - panel * COLUMNS), at);
    }
  }
}

/**
 * Blocks of results; an item is (batch, block of rows, block of panels).
 * Arguments: 0 m, 1 k, 2 n, 3 a, 4 row step, 5 column step, 6 bytes of a left matrix, 7 aIndex or 0,
 * 8 b (packed or in place), 9 bytes of a right matrix there, 10 bIndex or 0, 11 row step in place or 0 when packed,
 * 12 c, 13 bias, 14 mode, 15 rows a block, 16 panels a block, 17 k a block, 18 scratch a thread or 0, 19 its bytes.
 * With scratch, blocks of the left side are packed first.
 */
export function gemm(begin: i32, end: i32, thread: i32): void {
  const m = int(0), k = int(1), n = int(2), rowStep = pointer(4), columnStep = pointer(5), aIndex = pointer(7);
  const bIndex = pointer(10), inPlace = pointer(11), bias = pointer(13), last = int(14), rowsBlock = int(15), panelsBlock = int(16), kBlock = int(17);
  const scratch = pointer(18) ? pointer(18) + <usize>thread * pointer(19) : 0;
  const panels = (n + 7) >> 3, pitch = <usize>n << 2;
  const rowBlocks = (m + rowsBlock - 1) / rowsBlock, panelBlocks = (panels + panelsBlock - 1) / panelsBlock;
  for (let item = begin; item < end; item++) {
    const batch = item / (rowBlocks * panelBlocks), rest = item % (rowBlocks * panelBlocks);
    const row0 = (rest / panelBlocks) * rowsBlock, panel0 = (rest % panelBlocks) * panelsBlock;
    const height = min(rowsBlock, m - row0), panel1 = min(panels, panel0 + panelsBlock);
    const aNumber = aIndex ? load<i32>(aIndex + (<usize>batch << 2)) : batch;
    const bNumber = bIndex ? load<i32>(bIndex + (<usize>batch << 2)) : batch;
    const a = pointer(3) + <usize>aNumber * pointer(6) + <usize>row0 * rowStep;
    const b = pointer(8) + <usize>bNumber * pointer(9);
    const c = pointer(12) + (<usize>batch * <usize>m + <usize>row0) * pitch;
    let k0 = 0;
    do {
      const some = min(kBlock, k - k0);
      const ak = a + <usize>k0 * columnStep;
      setRun(some);
      setResult(pitch, (k0 > 0 ? ACCUMULATE : 0) | (k0 + some >= k ? last : 0));
      setSteps(scratch ? 16 : columnStep, inPlace ? inPlace : 32);
      if (scratch) packRows(ak, rowStep, columnStep, height, some, scratch);
      for (let panel = panel0; panel < panel1; panel++) {
        const column = <usize>panel << 5;
        const bp = inPlace ? b + <usize>k0 * inPlace + column : b + ((<usize>panels * <usize>k0 + <usize>panel * <usize>some) << 5);
        const cp = c + column, biasp = bias + column;
        setWidth(min(COLUMNS, n - panel * COLUMNS));
        if (scratch) for (let i = 0; i < height; i += ROWS) columns(min(ROWS, height - i), scratch + (<usize>i * <usize>some << 2), bp, cp + <usize>i * pitch, biasp);
        else if (columnStep == 4) for (let i = 0; i < height; i += ROWS) rows(min(ROWS, height - i), ak + <usize>i * rowStep, rowStep, bp, cp + <usize>i * pitch, biasp);
        else for (let i = 0; i < height; i += ROWS) columns(min(ROWS, height - i), ak + <usize>i * rowStep, bp, cp + <usize>i * pitch, biasp);
      }
      k0 += kBlock;
    } while (k0 < k);
  }
}
