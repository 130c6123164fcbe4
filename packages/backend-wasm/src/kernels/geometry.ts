/** The geometry of windows as the module reads it, and what follows from it. */

import type { WindowGeometry } from "@dl/core";
import type { Engine } from "../engine.ts";

/** First word among the arguments; the same as in assembly/windows.ts. */
const geometryWord = 32;

export interface Channels {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/** Rows of the image that `count` rows of windows cover. */
export function coveredHeight(g: WindowGeometry, count: number): number {
  return (count - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1;
}

export function coveredWidth(g: WindowGeometry): number {
  return (g.outWidth - 1) * g.strideWidth + (g.kernelWidth - 1) * g.dilationWidth + 1;
}

/** Some window reaches outside the image. */
export function reachesOutside(g: WindowGeometry): boolean {
  return g.padTop > 0 || g.padLeft > 0 || coveredHeight(g, g.outHeight) - g.padTop > g.height || coveredWidth(g) - g.padLeft > g.width;
}

export function writeGeometry(engine: Engine, g: WindowGeometry, { inChannels, outChannels, groups }: Channels): void {
  let word = geometryWord;
  const put = (value: number): void => engine.setAt(word++, value);
  put(g.height);
  put(g.width);
  put(g.kernelHeight);
  put(g.kernelWidth);
  put(g.strideHeight);
  put(g.strideWidth);
  put(g.dilationHeight);
  put(g.dilationWidth);
  put(g.padTop);
  put(g.padLeft);
  put(g.outHeight);
  put(g.outWidth);
  put(inChannels);
  put(outChannels);
  put(groups);
  put(reachesOutside(g) ? 1 : 0);
  put(g.batch);
}
