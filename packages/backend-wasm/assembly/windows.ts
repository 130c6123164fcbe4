/** The geometry of sliding windows, as JavaScript writes it into the arguments (kernels/geometry.ts), and padded copies of images. */

import { int } from "./control";

/** First word of the geometry among the arguments. */
const G: i32 = 32;

@inline export function height(): i32 { return int(G); }
@inline export function width(): i32 { return int(G + 1); }
@inline export function kernelHeight(): i32 { return int(G + 2); }
@inline export function kernelWidth(): i32 { return int(G + 3); }
@inline export function strideHeight(): i32 { return int(G + 4); }
@inline export function strideWidth(): i32 { return int(G + 5); }
@inline export function dilationHeight(): i32 { return int(G + 6); }
@inline export function dilationWidth(): i32 { return int(G + 7); }
@inline export function padTop(): i32 { return int(G + 8); }
@inline export function padLeft(): i32 { return int(G + 9); }
@inline export function outHeight(): i32 { return int(G + 10); }
@inline export function outWidth(): i32 { return int(G + 11); }
@inline export function inChannels(): i32 { return int(G + 12); }
@inline export function outChannels(): i32 { return int(G + 13); }
@inline export function groups(): i32 { return int(G + 14); }
/** Not 0: some window reaches outside the image. */
@inline export function reachesOutside(): i32 { return int(G + 15); }
@inline export function batch(): i32 { return int(G + 16); }

/** Columns of the image that a row of windows covers, padding included. */
@inline export function coveredWidth(): i32 { return (outWidth() - 1) * strideWidth() + (kernelWidth() - 1) * dilationWidth() + 1; }
/** Rows of the image that `count` rows of windows cover. */
@inline export function coveredHeight(count: i32): i32 { return (count - 1) * strideHeight() + (kernelHeight() - 1) * dilationHeight() + 1; }

/** Copies `rows` rows of one image from row `top` (may lie outside), as wide as the windows reach, zeros outside. */
export function copyPadded(image: usize, top: i32, rows: i32, to: usize): void {
  const h = height(), w = width(), left = -padLeft(), columns = coveredWidth();
  const pixel = <usize>inChannels() << 2;
  const first = max(0, left), last = min(w, left + columns);
  const before = <usize>min(columns, first - left) * pixel, inside = last > first ? <usize>(last - first) * pixel : 0;
  const pitch = <usize>columns * pixel;
  for (let r = 0; r < rows; r++) {
    const y = top + r;
    if (y < 0 || y >= h || inside == 0) memory.fill(to, 0, pitch);
    else {
      memory.fill(to, 0, before);
      memory.copy(to + before, image + (<usize>y * <usize>w + <usize>first) * pixel, inside);
      memory.fill(to + before + inside, 0, pitch - before - inside);
    }
    to += pitch;
  }
}

/** The first window index ≥ 0 whose tap at `offset` is inside: smallest q with q·stride + offset ≥ 0. */
@inline export function firstWindow(offset: i32, stride: i32): i32 {
  return offset >= 0 ? 0 : (stride - 1 - offset) / stride;
}

/** One past the last window below `count` whose tap at `offset` is below `size`. */
@inline export function endWindow(offset: i32, stride: i32, size: i32, count: i32): i32 {
  const room = size - 1 - offset;
  return room < 0 ? 0 : min(count, room / stride + 1);
}
