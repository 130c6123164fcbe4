/** What kernels over sliding windows share: the geometry as parameters, and the windows that see a pixel. */

import type { WindowGeometry } from "@dl/core";

/** The geometry, for `p.<name>`; batch is not needed, the number of invocations says it. */
export function windowInts(g: WindowGeometry): Record<string, number> {
  const { height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = g;
  const { padTop, padLeft, outHeight, outWidth } = g;
  return {
    height,
    width,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
    outHeight,
    outWidth,
  };
}

/** WGSL: from the flat index `i` of a pixel's channel, `work` for every window (outRow, outColumn) that sees it. */
export function windowsOf(work: string): string {
  return `
let channel = i % p.channels;
let column = (i / p.channels) % p.width;
let row = (i / (p.channels * p.width)) % p.height;
let image = i / (p.channels * p.width * p.height);
for (var tapRow = 0; tapRow < p.kernelHeight; tapRow++) {
  let high = row + p.padTop - tapRow * p.dilationHeight;
  let outRow = high / p.strideHeight;
  if (high < 0 || outRow * p.strideHeight != high || outRow >= p.outHeight) { continue; }
  for (var tapColumn = 0; tapColumn < p.kernelWidth; tapColumn++) {
    let wide = column + p.padLeft - tapColumn * p.dilationWidth;
    let outColumn = wide / p.strideWidth;
    if (wide < 0 || outColumn * p.strideWidth != wide || outColumn >= p.outWidth) { continue; }
    ${work}
  }
}`;
}
