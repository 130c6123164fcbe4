/** Which taps of a window lie in the image: those from `firstTap` up to, not including, `endTap`. */

/** The first tap whose pixel `start + tap · dilation` is not before the image. */
export function firstTap(start: number, dilation: number): number {
  return start >= 0 ? 0 : Math.ceil(-start / dilation);
}

/** The end of the taps whose pixel is not after an image of `size` pixels. */
export function endTap(start: number, dilation: number, size: number, taps: number): number {
  return Math.min(taps, Math.max(0, Math.ceil((size - start) / dilation)));
}
