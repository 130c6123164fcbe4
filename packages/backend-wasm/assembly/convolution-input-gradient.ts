/** The gradient of a convolution by its input: each tap's product is added straight into the image. */

import { int, pointer } from "./control";
import { packPanel } from "./gemm";
import { rows } from "./generated/micro-kernels";
import { ACCUMULATE, COLUMNS, ROWS, setResult, setRun, setSteps, setWidth } from "./micro-kernel-state";
import { storeColumns } from "./vectors";
import * as window from "./windows";

/**
 * Packs each tap's transposed weights; an item is (group, tap, panel of input channels).
 * Arguments: 0 weight, 1 to, 2 turned: not 0: as the weights of a convolution over dy, [group][panel][taps in reverse].
 */
export function inputGradientPack(begin: i32, end: i32, thread: i32): void {
  const groups = window.groups(), outChannels = window.outChannels(), groupOut = outChannels / groups, groupIn = window.inChannels() / groups;
  const panels = (groupIn + 7) >> 3, taps = window.kernelHeight() * window.kernelWidth();
  const pitch = <usize>outChannels << 2;
  for (let item = begin; item < end; item++) {
    const group = item / (taps * panels), tap = item / panels % taps, channel = (item % panels) * COLUMNS;
    const from = pointer(0) + <usize>(tap * groupIn + channel) * pitch + (<usize>(group * groupOut) << 2);
    const place = int(2) ? (group * panels + item % panels) * taps + (taps - 1 - tap) : item;
    packPanel(from, 4, pitch, groupOut, min(COLUMNS, groupIn - channel), pointer(1) + (<usize>place * <usize>groupOut << 5));
  }
}

/** Zeroes `count` of 8 columns of every pixel. */
function clear(at: usize, pixels: i32, pitch: usize, count: i32): void {
  const zero = f32x4.splat(0);
  if (count == COLUMNS) for (; pixels > 0; --pixels) {
    v128.store(at, zero);
    v128.store(at, zero, 16);
    at += pitch;
  } else for (; pixels > 0; --pixels) {
    storeColumns(at, zero, zero, count);
    at += pitch;
  }
}

/** An item is (image, group, panel of input channels). Arguments: 0 dy, 1 packed weights, 2 dx. */
export function inputGradient(begin: i32, end: i32, thread: i32): void {
  const height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth();
  const inChannels = window.inChannels(), outChannels = window.outChannels(), groups = window.groups();
  const groupIn = inChannels / groups, groupOut = outChannels / groups, panels = (groupIn + 7) >> 3;
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth(), strideHeight = window.strideHeight(), strideWidth = window.strideWidth();
  const pixel = <usize>inChannels << 2, result = <usize>outChannels << 2, packed = <usize>groupOut << 5;
  // A single tap that meets every pixel once needs no zeros to add to.
  const whole = kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && outHeight == height && outWidth == width
    && window.padTop() == 0 && window.padLeft() == 0;
  setRun(groupOut);
  setSteps(4, 32);
  setResult(<usize>strideWidth * pixel, whole ? 0 : ACCUMULATE);
  for (let item = begin; item < end; item++) {
    const image = item / (groups * panels), group = item / panels % groups, panel = item % panels;
    const count = min(COLUMNS, groupIn - panel * COLUMNS);
    const dx = pointer(2) + <usize>image * <usize>height * <usize>width * pixel + (<usize>(group * groupIn + panel * COLUMNS) << 2);
    const dy = pointer(0) + <usize>image * <usize>outHeight * <usize>outWidth * result + (<usize>(group * groupOut) << 2);
    setWidth(count);
    if (!whole) clear(dx, height * width, pixel, count);
    for (let kh = 0; kh < kernelHeight; kh++) {
      const y = kh * window.dilationHeight() - window.padTop();
      const firstRow = window.firstWindow(y, strideHeight), endRow = window.endWindow(y, strideHeight, height, outHeight);
      for (let kw = 0; kw < kernelWidth; kw++) {
        const x = kw * window.dilationWidth() - window.padLeft();
        const first = window.firstWindow(x, strideWidth), end = window.endWindow(x, strideWidth, width, outWidth);
        const b = pointer(1) + <usize>((group * kernelHeight * kernelWidth + kh * kernelWidth + kw) * panels + panel) * packed;
        for (let r = firstRow; r < endRow; r++) {
          const from = dy + <usize>(r * outWidth) * result, to = dx + <usize>((r * strideHeight + y) * width + x) * pixel;
          for (let q = first; q < end; q += ROWS) {
            rows(min(ROWS, end - q), from + <usize>q * result, result, b, to + <usize>(q * strideWidth) * pixel, 0);
          }
        }
      }
    }
  }
}
