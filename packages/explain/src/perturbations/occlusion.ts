/** How much the score falls when a window is covered. Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2. */

import { add, argmax, type HostTensor, mul, OptionError, ShapeError, scope, squeeze, sub, type Tensor, tensor } from "@dl/core";
import { fold } from "../freeing-loops.ts";
import { type ChosenTarget, type Forward, type TargetOptions, targetScores } from "../target.ts";

export interface OcclusionOptions extends TargetOptions {
  readonly forward: Forward;
  /** Side of the square window. */
  readonly window: number;
  /** How far it moves. Default half the window, at least 1. */
  readonly stride?: number;
  /** What covers: a value, in the units of the images. Default 0. */
  readonly fill?: number;
}

/**
 * Heat maps `[B, H, W]`: each pixel has the mean fall of the score over the windows that cover it.
 *
 * @param images  `[B, H, W, C]`
 */
export function occlusion(images: Tensor, options: OcclusionOptions): Tensor {
  const { forward, window, stride = Math.max(1, Math.floor(window / 2)), fill = 0, target } = options;
  if (images.rank !== 4) throw new ShapeError(`occlusion: expected images [B, H, W, C], got [${images.shape.join(", ")}].`);
  const [count, height, width] = images.shape as readonly [number, number, number, number];
  if (!Number.isInteger(window) || window < 1 || window > Math.min(height, width)) {
    throw new OptionError(`occlusion: expected a window from 1 to ${Math.min(height, width)}, got ${window}.`);
  }
  if (!Number.isInteger(stride) || stride < 1) throw new OptionError(`occlusion: expected a stride of at least 1, got ${stride}.`);
  if (!Number.isFinite(fill)) throw new OptionError(`occlusion: expected a finite fill, got ${fill}.`);
  const { chosen, whole } = scope(() => {
    const scores = forward(images);
    const chosen: ChosenTarget = target === undefined ? { chosen: argmax(scores, -1) } : { target };
    return { chosen, whole: targetScores("occlusion", scores, chosen) };
  });
  const covers = new Float32Array(height * width);
  const lefts = starts(width, { window, stride });
  const places = starts(height, { window, stride }).flatMap((top) => lefts.map((left) => ({ top, left })));
  const term = (place: number): Tensor => {
    const cover = windowMask({ height, width, ...places[place]!, window });
    for (const [i, value] of cover.data.entries()) covers[i]! += value;
    const mask = tensor(cover).cast(images.dtype); // [H, W, 1]
    const covered = add(mul(images, mask.neg().add(1)), mul(mask, fill));
    const fall = sub(whole, targetScores("occlusion", forward(covered), chosen)); // [B]
    return mul(fall.reshape([count, 1, 1]), squeeze(mask, 2)); // [B, H, W]
  };
  const falls = fold(places.length, { term, combine: add });
  return falls.div(tensor({ data: covers, shape: [height, width], dtype: "float32" }).cast(images.dtype));
}

/** Every stride, and flush with the end, so that each pixel is covered. */
function starts(length: number, { window, stride }: { window: number; stride: number }): number[] {
  const last = length - window;
  const places = Array.from({ length: Math.floor(last / stride) + 1 }, (_, i) => i * stride);
  return places.at(-1) === last ? places : [...places, last];
}

function windowMask(at: { height: number; width: number; top: number; left: number; window: number }): HostTensor {
  const { height, width, top, left, window } = at;
  const data = new Float32Array(height * width);
  for (let y = top; y < top + window; y++) data.fill(1, y * width + left, y * width + left + window);
  return { shape: [height, width, 1], dtype: "float32", data };
}
