/** Convolution as a product of matrices whose left rows are windows, read in place: no image is unfolded. */

import { int, pointer } from "./control";
import { rows } from "./generated/micro-kernels";
import { rows4 } from "./generated/micro-kernels";
import { packPanel } from "./gemm";
import { COLUMNS, ROWS, setLoops, setResult, setSteps, setWidth } from "./micro-kernel-state";
import * as window from "./windows";

/** Packs weights for the forward pass; an item is a panel of one group. Arguments: 0 weight, 1 to. */
export function convolutionPack(begin: i32, end: i32, thread: i32): void {
  const groups = window.groups(), outChannels = window.outChannels(), groupOut = outChannels / groups;
  const steps = window.kernelHeight() * window.kernelWidth() * (window.inChannels() / groups), panels = (groupOut + 7) >> 3;
  for (let item = begin; item < end; item++) {
    const group = item / panels, column = (item % panels) * COLUMNS;
    const from = pointer(0) + (<usize>(group * groupOut + column) << 2);
    packPanel(from, <usize>outChannels << 2, 4, steps, min(COLUMNS, groupOut - column), pointer(1) + (<usize>item * <usize>steps << 5));
  }
}

/**
 * An item is a row of windows of one image.
 * Arguments: 0 x, 1 packed weights, 2 y, 3 bias, 4 mode, 5 rows a band, 6 scratch a thread, 7 its bytes.
 */
export function convolution(begin: i32, end: i32, thread: i32): void {
  const outHeight = window.outHeight(), outWidth = window.outWidth(), inChannels = window.inChannels(), outChannels = window.outChannels();
  const groups = window.groups(), groupIn = inChannels / groups, groupOut = outChannels / groups;
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth();
  const pixel = <usize>inChannels << 2, result = <usize>outChannels << 2;
  const imageBytes = <usize>window.height() * <usize>window.width() * pixel;
  const outside = window.reachesOutside(), scratch = pointer(6) + <usize>thread * pointer(7);
  const pitch = <usize>(outside ? window.coveredWidth() : window.width()) * pixel;
  const panels = (groupOut + 7) >> 3, panelBytes = <usize>(kernelHeight * kernelWidth * groupIn) << 5;
  const across = <usize>window.strideWidth() * pixel, down = <usize>window.strideHeight() * pitch, back = down - <usize>(outWidth - 1) * across;
  const tapDown = <usize>window.dilationHeight() * pitch;
  if (groups == 1 && window.dilationWidth() == 1) setLoops(1, 0, kernelHeight, tapDown - <usize>kernelWidth * pixel, kernelWidth * inChannels);
  else {
    const tapAcross = <usize>window.dilationWidth() * pixel;
    setLoops(kernelHeight, tapDown - <usize>kernelWidth * tapAcross, kernelWidth, tapAcross - (<usize>groupIn << 2), groupIn);
  }
  setSteps(4, 32);
  setResult(result, int(4));
  for (let row = begin; row < end; ) {
    const image = row / outHeight, top = row % outHeight;
    const count = min(min(end - row, outHeight - top), int(5));
    let source = pointer(0) + <usize>image * imageBytes;
    const firstRow = top * window.strideHeight() - window.padTop();
    if (outside) {
      window.copyPadded(source, firstRow, window.coveredHeight(count), scratch);
      source = scratch;
    } else source += <usize>firstRow * pitch - <usize>window.padLeft() * pixel;
    const target = pointer(2) + <usize>row * <usize>outWidth * result;
    const pixels = count * outWidth;
    for (let group = 0; group < groups; group++) {
      for (let panel = 0; panel < panels; panel++) {
        const column = <usize>(group * groupOut + panel * COLUMNS) << 2;
        setWidth(min(COLUMNS, groupOut - panel * COLUMNS));
        const b = pointer(1) + <usize>(group * panels + panel) * panelBytes;
        let a = source + (<usize>(group * groupIn) << 2), c = target + column, q = 0, p = 0;
        const bias = pointer(3) + column;
        // Blocks of four windows run on over the ends of rows.
        for (; p + ROWS <= pixels; p += ROWS) {
          const a0 = a;
          if (++q == outWidth) { q = 0; a += back; } else a += across;
          const a1 = a;
          if (++q == outWidth) { q = 0; a += back; } else a += across;
          const a2 = a;
          if (++q == outWidth) { q = 0; a += back; } else a += across;
          rows4(a0, a1, a2, a, b, c, bias);
          if (++q == outWidth) { q = 0; a += back; } else a += across;
          c += 4 * result;
        }
        // At most three are left: in one call if they share a row.
        while (p < pixels) {
          const some = min(pixels - p, outWidth - q);
          rows(some, a, across, b, c, bias);
          p += some;
          c += <usize>some * result;
          a += <usize>(some - 1) * across;
          q += some;
          if (q == outWidth) { q = 0; a += back; } else a += across;
        }
      }
    }
    row += count;
  }
}
